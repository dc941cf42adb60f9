// How the service does, asked every two seconds while somebody looks, and the last five minutes of it.
import {Fault, get, getText} from './api.js';
import {measure} from './measures.js';
import {parseMetrics} from './prometheus.js';

const kFirstIntervalMs = 500;
const kIntervalMs = 2_000;
const kHiddenIntervalMs = 10_000;
const kKept = 150;

// Kept from one look to the next.
const history = []; // [{at, sales, refusals, p50, p99, …}], oldest first
let last = null; // {at, reading}

// listener({status, rates, fault, history}) at once and then each time, until the signal ends.
export function followVitals(listener, signal) {
  last = null;
  const ask = async () => {
    const seen = await look(signal);
    if (signal.aborted) return;
    listener({...seen, history});
    // The next one begins when this one is done: a slow service is not asked ever more.
    const timer = setTimeout(ask, pause(seen));
    signal.addEventListener('abort', () => clearTimeout(timer), {once: true});
  };
  ask();
}

// What is measured needs two readings: the second one comes soon.
function pause({rates, fault}) {
  if (document.hidden) return kHiddenIntervalMs;
  return rates || fault ? kIntervalMs : kFirstIntervalMs;
}

async function look(signal) {
  try {
    const [status, text] = await Promise.all([get('/status', signal), getText('/metrics', signal)]);
    return {status, rates: remember(parseMetrics(text)), fault: null};
  } catch (error) {
    last = null;
    return {
      status: null,
      rates: null,
      fault: error instanceof Fault ? error : new Fault(0, String(error)),
    };
  }
}

function remember(reading) {
  const at = Date.now();
  const before = last;
  last = {at, reading};
  if (!before) return null;
  const rates = {at, ...measure(before.reading, reading, (at - before.at) / 1000)};
  history.push(rates);
  if (history.length > kKept) history.shift();
  return rates;
}
