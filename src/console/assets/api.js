// The calls of the HTTP gateway. An outcome, refusals too, is a value with a `code`; a fault is
// thrown, and says nothing about stock.
import {authorization, currentToken, newToken} from './token.js';

// A change may take as long as the service takes to say that it has no answer; who only looks would
// rather know soon that nobody answers.
const kChangeLimitMs = 70_000;
const kReadLimitMs = 15_000;

export class Fault extends Error {
  // status 0: the service could not be reached, or its answer could not be read.
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  // Whether a change that met this fault may have been carried out all the same.
  get mayBeDone() {
    return this.status === 0 || this.status >= 500;
  }
}

async function send(path, options) {
  try {
    return await fetch(path, {
      ...options,
      cache: 'no-store',
      redirect: 'error',
      headers: {...options.headers, ...authorization()},
    });
  } catch (error) {
    throw new Fault(0, String(error.message ?? error));
  }
}

function within(limit, signal) {
  const timeout = AbortSignal.timeout(limit);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

// The Response, once there is a token that the service takes.
export async function authorized(path, options = {}) {
  for (;;) {
    const used = currentToken();
    const response = await send(path, options);
    if (response.status !== 401) return response;
    if (!(await newToken(used))) throw await faultOf(response);
  }
}

export async function faultOf(response) {
  let message = response.statusText;
  try {
    message = (await response.json()).error.message;
  } catch {
    /* the status says what there is to say */
  }
  return new Fault(response.status, message);
}

async function outcomeOf(response) {
  let data;
  try {
    data = await response.json();
  } catch (error) {
    throw new Fault(response.ok ? 0 : response.status, String(error.message));
  }
  if (data.error) throw new Fault(response.status, data.error.message);
  return data;
}

export async function get(path, signal) {
  return outcomeOf(await authorized(path, {signal: within(kReadLimitMs, signal)}));
}

export async function getText(path, signal) {
  const response = await authorized(path, {signal: within(kReadLimitMs, signal)});
  if (!response.ok) throw await faultOf(response);
  return response.text();
}

// `key`: the request's own, the same for each time that it is sent.
export async function post(path, body, key) {
  return outcomeOf(
    await authorized(path, {
      method: 'POST',
      headers: {'Content-Type': 'application/json', 'Idempotency-Key': key},
      body: JSON.stringify(body),
      signal: within(kChangeLimitMs),
    }),
  );
}

// Works on pages without TLS too, where crypto.randomUUID is not there.
export function newKey() {
  const digits = crypto.getRandomValues(new Uint8Array(16));
  return 'console-' + Array.from(digits, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
