import assert from 'node:assert/strict';
import test from 'node:test';

import {readUnits} from '../../src/console/assets/units.js';

test('units are whole numbers that a book can hold', () => {
  const more = {negative: false, zero: false};
  assert.equal(readUnits(' 1,200 ', more), 1200);
  assert.equal(readUnits('+5', more), 5);
  assert.equal(readUnits('2147483647', more), 2_147_483_647);
  for (const text of ['', '0', '-5', '1.5', '2147483648', '1e3', 'x']) {
    assert.equal(readUnits(text, more), null, text);
  }
});

test('an adjustment may take away, and a count may be nothing', () => {
  const change = {negative: true, zero: false};
  assert.equal(readUnits('-3', change), -3);
  assert.equal(readUnits('−3', change), -3);
  assert.equal(readUnits('0', change), null);
  assert.equal(readUnits('0', {negative: false, zero: true}), 0);
});
