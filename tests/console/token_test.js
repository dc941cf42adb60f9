import assert from 'node:assert/strict';
import test, {beforeEach} from 'node:test';

const stored = new Map();
globalThis.sessionStorage = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, value),
};
const {authorization, mayAskAgain, newToken, setTokenDialog} =
  await import('../../src/console/assets/token.js');

// What the dialog was asked, and what it answers next.
let asked = [];
let given = null;
setTokenDialog(async (refused) => {
  asked.push(refused);
  return given;
});

beforeEach(() => {
  stored.clear();
  asked = [];
  given = null;
  mayAskAgain();
});

test('calls that are refused together ask once, and all go on with what was given', async () => {
  given = 'secret';
  assert.deepEqual(authorization(), {});
  assert.deepEqual(await Promise.all([newToken(''), newToken('')]), [true, true]);
  assert.deepEqual(asked, [false]);
  assert.deepEqual(authorization(), {Authorization: 'Bearer secret'});
});

test('a call that was sent before the token was given tries again with it', async () => {
  stored.set('inventory.token', 'secret');
  assert.equal(await newToken(''), true);
  assert.deepEqual(asked, []);
});

test('a token that is refused is said to be', async () => {
  stored.set('inventory.token', 'old');
  given = 'new';
  assert.equal(await newToken('old'), true);
  assert.deepEqual(asked, [true]);
});

test('who gives none is not asked again until something new is done', async () => {
  assert.equal(await newToken(''), false);
  assert.equal(await newToken(''), false);
  assert.equal(asked.length, 1);
  mayAskAgain();
  await newToken('');
  assert.equal(asked.length, 2);
});
