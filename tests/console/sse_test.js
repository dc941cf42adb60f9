import assert from 'node:assert/strict';
import test from 'node:test';

import {SseParser} from '../../src/console/assets/sse.js';

test('an event is what stands before an empty line', () => {
  const parser = new SseParser();
  assert.deepEqual(parser.push('retry: 1000\nid: 3\ndata: {"a":1}\n\ndata: 2\n'), ['{"a":1}']);
  assert.deepEqual(parser.push('\n'), ['2']);
});

test('an event may come in any pieces', () => {
  const text = ': alive\r\n\r\ndata: first\r\n\r\ndata:one\ndata: two\n\n';
  for (let at = 0; at <= text.length; ++at) {
    const parser = new SseParser();
    assert.deepEqual(
      [...parser.push(text.slice(0, at)), ...parser.push(text.slice(at))],
      ['first', 'one\ntwo'],
      at,
    );
  }
});
