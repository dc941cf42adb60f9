import assert from 'node:assert/strict';
import test from 'node:test';

import {compareIds, readId} from '../../src/console/assets/ids.js';
import {StockList} from '../../src/console/assets/stock_list.js';

function change(id, stock, {low = stock < 10, locked = 0} = {}) {
  return {
    book_id: id,
    stock,
    locked_stock: locked,
    total_stock: stock + locked,
    sequence: '1',
    low,
  };
}

function ids(list, query) {
  return list.select(query).map(({id}) => id);
}

const byLow = {key: 'low', descending: false};

test('the low ones come first, those that have least before the rest', () => {
  const list = new StockList();
  list.apply([change('1', 50), change('2', 9), change('3', 0), change('4', 20)], 0);
  assert.deepEqual(ids(list, {order: byLow}), ['3', '2', '1', '4']);
  list.apply([change('3', 100)], 0);
  assert.deepEqual(ids(list, {order: byLow}), ['2', '1', '3', '4']);
  assert.equal(list.countLow(), 1);
});

test('ids stand in the order of numbers, however they came', () => {
  const list = new StockList();
  list.apply(
    ['10', '9', '18446744073709551615', '100'].map((id) => change(id, 50)),
    0,
  );
  const order = {key: 'id', descending: false};
  assert.deepEqual(ids(list, {order}), ['9', '10', '100', '18446744073709551615']);
  assert.deepEqual(ids(list, {order: {...order, descending: true}}).at(-1), '9');
  assert.deepEqual(ids(list, {order, digits: '10'}), ['10', '100']);
});

test('books that are alike stand by id, upwards and downwards', () => {
  const list = new StockList();
  list.apply([change('1', 5), change('2', 7), change('3', 5)], 0);
  assert.deepEqual(ids(list, {order: {key: 'available', descending: false}}), ['1', '3', '2']);
  assert.deepEqual(ids(list, {order: {key: 'available', descending: true}}), ['2', '1', '3']);
  assert.deepEqual(ids(list, {order: byLow, lowOnly: true}), ['1', '3', '2']);
});

test('a change keeps the book, so that what shows it sees the new figures', () => {
  const list = new StockList();
  const [book] = list.apply([change('1', 5)], 0);
  list.apply([change('1', 3, {locked: 2})], 0);
  assert.equal(list.size, 1);
  assert.deepEqual([book.available, book.locked, book.total], [3, 2, 5]);
});

test('an id is a number from 1 to the largest of 64 bits', () => {
  assert.equal(readId(' 0042 '), '42');
  assert.equal(readId('18446744073709551615'), '18446744073709551615');
  for (const text of ['', '0', '-1', '1.5', '0x10', '18446744073709551616', 'abc']) {
    assert.equal(readId(text), null, text);
  }
  assert.ok(compareIds('9', '10') < 0);
});

test('only a book that was there and has other figures has changed', () => {
  const list = new StockList();
  list.apply([change('1', 5), change('2', 6)], 100);
  assert.equal(list.get('1').changedAt, undefined);
  assert.deepEqual(
    list.apply([change('1', 5), change('2', 4)], 200).map(({id}) => id),
    ['2'],
  );
  assert.equal(list.get('2').changedAt, 200);
});
