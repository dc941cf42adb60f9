// GET /events, begun again whenever it ends, ever more slowly while that does not help.
import {authorized, faultOf} from './api.js';
import {SseParser} from './sse.js';

const kFirstWaitMs = 500;
const kLongestWaitMs = 15_000;
const kSilenceMs = 45_000;  // the service sends a comment much more often

// on.begin(): a new stream, whose snapshot comes first. on.message(update). on.state('live', or
// 'connecting', or 'lost', error). The stream ends when `signal` does.
export async function watch(query, on, signal) {
  let wait = kFirstWaitMs;
  while (!signal.aborted) {
    on.state('connecting');
    try {
      await readStream(`/events?${new URLSearchParams(query)}`, {
        begin: on.begin,
        message(update) {
          wait = kFirstWaitMs;
          on.state('live');
          on.message(update);
        },
      }, signal);
    } catch (error) {
      if (signal.aborted) return;
      on.state('lost', error);
    }
    await pause(wait * (0.5 + Math.random() / 2), signal);
    wait = Math.min(2 * wait, kLongestWaitMs);
  }
}

async function readStream(path, on, signal) {
  const silence = new AbortController();
  const stop = () => silence.abort();
  signal.addEventListener('abort', stop);
  let timer = setTimeout(stop, kSilenceMs);
  try {
    const response = await authorized(path, {headers: {Accept: 'text/event-stream'},
                                             signal: silence.signal});
    if (!response.ok) throw await faultOf(response);
    on.begin();
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const {value, done} = await reader.read();
      clearTimeout(timer);
      if (done) return;
      timer = setTimeout(stop, kSilenceMs);
      for (const data of parser.push(value)) on.message(JSON.parse(data));
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, {once: true});
  });
}
