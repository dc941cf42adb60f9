import assert from 'node:assert/strict';
import test from 'node:test';

import {merge, openReservations, points} from '../../src/console/assets/history.js';

function movement(sequence, change_type, order_id, quantity) {
  return {
    sequence: String(sequence),
    change_type,
    order_id: String(order_id),
    quantity,
    created_at_ms: String(1000 * sequence),
    after_stock: 100 - sequence,
    locked_after: sequence,
  };
}

test('a reservation is open until a later movement of its order', () => {
  const newestFirst = [
    movement(5, 'confirm', 71, 2),
    movement(4, 'deduct', 9, 1),
    movement(3, 'reserve', 71, 2),
    movement(2, 'reserve', 72, 3),
    movement(1, 'restock', 0, 100),
  ];
  assert.deepEqual(openReservations(newestFirst, 3), {
    open: [{order: '72', quantity: 3, since: 2000}],
    missing: 0,
  });
});

test('what the movements do not explain is missing', () => {
  assert.deepEqual(openReservations([movement(9, 'reserve', 72, 3)], 10).missing, 7);
  assert.deepEqual(openReservations([], 0), {open: [], missing: 0});
});

test('the search ends where all that is locked has been found', () => {
  const newestFirst = [movement(3, 'reserve', 72, 3), movement(2, 'reserve', 71, 2)];
  assert.deepEqual(
    openReservations(newestFirst, 3).open.map(({order}) => order),
    ['72'],
  );
});

test('points go from old to new', () => {
  assert.deepEqual(
    points([movement(2, 'deduct', 1, 1), movement(1, 'restock', 0, 1)], (log) => log.after_stock),
    [
      {x: 1000, y: 99},
      {x: 2000, y: 98},
    ],
  );
});

test('movements that were read twice stand once, newest first', () => {
  const known = [movement(10, 'deduct', 1, 1), movement(9, 'deduct', 2, 1)];
  const read = [movement(11, 'deduct', 3, 1), movement(10, 'deduct', 1, 1)];
  assert.deepEqual(
    merge(known, read).map(({sequence}) => sequence),
    ['11', '10', '9'],
  );
});
