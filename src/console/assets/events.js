// GET /events, begun again whenever it ends, ever more slowly while that does not help.
import {Fault, authorized, faultOf} from './api.js';
import {SseParser} from './sse.js';

const kFirstWaitMs = 500;
const kLongestWaitMs = 15_000;
const kSilenceMs = 45_000; // the service sends a comment much more often

// on.message(update): the state of all that is watched first, also when it is begun again.
// on.state('connecting' | 'live' | 'lost', error). It ends when `signal` does.
export async function watch(query, on, signal) {
  const path = `/events?${new URLSearchParams(query)}`;
  let wait = kFirstWaitMs;
  const onMessage = (update) => {
    wait = kFirstWaitMs;
    on.state('live');
    on.message(update);
  };
  while (!signal.aborted) {
    on.state('connecting');
    try {
      await readStream(path, onMessage, signal);
    } catch (error) {
      if (signal.aborted) return;
      on.state('lost', error);
    }
    await pause(wait * (0.5 + Math.random() / 2), signal);
    wait = Math.min(2 * wait, kLongestWaitMs);
  }
}

async function readStream(path, onMessage, signal) {
  const silence = new AbortController();
  const either = AbortSignal.any([signal, silence.signal]);
  let timer = 0;
  const listen = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), kSilenceMs);
  };
  try {
    const headers = {Accept: 'text/event-stream'};
    const response = await authorized(path, {headers, signal: either});
    if (!response.ok) throw await faultOf(response);
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      listen();
      const {value, done} = await reader.read();
      if (done) return;
      for (const data of parser.push(value)) {
        const update = JSON.parse(data);
        if (update.error) throw new Fault(0, update.error.message); // what a stream ends with
        onMessage(update);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', end, {once: true});
  });
}
