import assert from 'node:assert/strict';
import test, {mock} from 'node:test';

// What the modules find in a browser.
globalThis.localStorage = {getItem: () => null};
globalThis.sessionStorage = {getItem: () => null};
Object.defineProperty(globalThis, 'navigator', {value: {language: 'en'}, configurable: true});

// The log as the service has it, in pages of two.
let last = 0;
let asked = [];
globalThis.fetch = async (path) => {
  asked.push(path);
  const url = new URL(path, 'http://localhost');
  if (url.pathname === '/stock') {
    return answer({code: 0, stocks: [{code: last > 0 ? 0 : 40401}]});
  }
  const from = Number(url.searchParams.get('page_token') ?? last);
  const logs = [from, from - 1].filter((n) => n > 0).map((n) => ({sequence: String(n)}));
  return answer({code: 0, logs, next_page_token: from > 2 ? String(from - 2) : ''});
};
const answer = (data) => ({status: 200, ok: true, json: async () => data});

const {BookLog} = await import('../../src/console/assets/book_log.js');

// A log that is being read, and what it told.
function open() {
  asked = [];
  const told = [];
  const on = {
    read: () => told.push('read'),
    unknown: () => told.push('unknown'),
    fault: (fault) => told.push(fault),
  };
  const ended = new AbortController();
  const log = new BookLog('7', on, ended.signal);
  return {log, told, end: () => ended.abort(), shown: () => log.movements.map((m) => m.sequence)};
}

test('earlier movements follow the newest, and newer ones join them', async () => {
  last = 4;
  const {log, told, shown} = open();
  await log.readNewest();
  assert.deepEqual(shown(), ['4', '3']);
  await log.readEarlier();
  assert.equal(log.hasMore, false);
  last = 5;
  await log.readNewest();
  assert.deepEqual(shown(), ['5', '4', '3', '2', '1']);
  assert.deepEqual(told, ['read', 'read', 'read']);
});

test('where a page does not reach what is known there is no gap: it begins anew', async () => {
  last = 4;
  const {log, shown} = open();
  await log.readNewest();
  last = 9;
  await log.readNewest();
  assert.deepEqual(shown(), ['9', '8']);
  assert.equal(log.hasMore, true);
});

test('a book without stock is told of, and its log is not asked for', async () => {
  last = 0;
  const {log, told} = open();
  await log.readNewest();
  assert.deepEqual(told, ['unknown']);
  assert.deepEqual(asked, ['/stock?ids=7']);
});

test('a movement that comes to the log later is waited for', async () => {
  mock.timers.enable({apis: ['setTimeout']});
  try {
    last = 4;
    const {log, shown, end} = open();
    await log.readNewest();
    log.readUpTo('5');
    await settle();
    assert.deepEqual(shown(), ['4', '3']);
    last = 5;
    mock.timers.tick(1_000);
    await settle();
    assert.deepEqual(shown(), ['5', '4', '3']);
    const before = asked.length;
    mock.timers.tick(5_000);
    await settle();
    assert.equal(asked.length, before);
    end();
  } finally {
    mock.timers.reset();
  }
});

// Lets everything happen that needs no time.
async function settle() {
  for (let i = 0; i < 20; ++i) await new Promise((resolve) => setImmediate(resolve));
}
