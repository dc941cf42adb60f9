import assert from 'node:assert/strict';
import test from 'node:test';

import {watch} from '../../src/console/assets/events.js';

globalThis.sessionStorage = {getItem: () => null};

// What is told of a stream that is this text, until it is lost or ends.
async function toldOf(text) {
  globalThis.fetch = async () => new Response(text);
  const told = [];
  const end = new AbortController();
  const on = {
    message: (update) => told.push(update),
    state: (state, error) => {
      told.push(error ? `${state}: ${error.message}` : state);
      if (state === 'lost' || told.length > 4) end.abort();
    },
  };
  await watch({}, on, end.signal);
  return told;
}

test('what a stream ends with is no update', async () => {
  const told = await toldOf(
    'data: {"changes":[]}\n\n' +
      'event: fault\ndata: {"error":{"status":"UNAUTHENTICATED","message":"tokens changed"}}\n\n',
  );
  assert.deepEqual(told, ['connecting', 'live', {changes: []}, 'lost: tokens changed']);
});
