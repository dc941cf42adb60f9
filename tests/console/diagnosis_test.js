import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import {diagnose} from '../../src/console/assets/diagnosis.js';

function status(figures = {}, more = {}) {
  return {
    serving: true,
    reason: '',
    store: 'redis',
    ...more,
    figures: Object.entries(figures).map(([name, value]) => ({
      name,
      value: String(value),
      unit: '',
      help: '',
    })),
  };
}

const kCalm = {
  sales: 100,
  refusals: 3,
  calls: 103,
  faults: 0,
  refusedFull: 0,
  refusedOutbox: 0,
  p99: 0.004,
};

function names(seen) {
  return diagnose(seen).map(({name}) => name);
}

test('a service that does well has no finding', () => {
  assert.deepEqual(
    names({
      status: status({queue_depth: 900, ledger_lag: 200, drift: 0, lost: 0}),
      rates: kCalm,
      fault: null,
    }),
    [],
  );
});

test('what cannot be asked is the finding', () => {
  const fault = (code) => names({status: null, rates: null, fault: {status: code, message: ''}});
  assert.deepEqual(fault(0), ['unreachable']);
  assert.deepEqual(fault(401), ['no_token']);
  assert.deepEqual(fault(403), ['wrong_role']);
  assert.deepEqual(fault(503), ['fault']);
});

test('a store that does not serve says why', () => {
  const [finding] = diagnose({
    status: status({}, {serving: false, reason: 'disk full'}),
    rates: null,
    fault: null,
  });
  assert.deepEqual(finding, {
    level: 'bad',
    name: 'not_serving',
    values: {reason: 'disk full'},
    alert: 'InventoryNotServing',
  });
});

test('the worst comes first', () => {
  const found = names({
    status: status({ledger_lag: 90_000, quarantined_books: 2, lost: 1}),
    rates: {...kCalm, p99: 0.5},
    fault: null,
  });
  assert.deepEqual(found, ['lost', 'quarantine', 'ledger_lag', 'slow']);
});

test('a full queue is told once, as what it is, and a fault now and then is none', () => {
  assert.deepEqual(
    names({status: status(), rates: {...kCalm, refusedFull: 5, faults: 5}, fault: null}),
    ['refused_full'],
  );
  assert.deepEqual(names({status: status(), rates: {...kCalm, faults: 5}, fault: null}), [
    'faults',
  ]);
  assert.deepEqual(names({status: status(), rates: {...kCalm, faults: 1}, fault: null}), []);
});

test('a latency that is not known is not slow', () => {
  assert.deepEqual(names({status: status(), rates: {...kCalm, p99: NaN}, fault: null}), []);
});

test('the alerts that are named are there, and docs/operating.md says what to do', () => {
  const read = (name) => fs.readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
  const named = read('src/console/assets/diagnosis.js').match(/Inventory[A-Z]\w+/g);
  assert.ok(named.length > 8);
  for (const alert of named) {
    assert.ok(read('deploy/prometheus/alerts.yml').includes(`alert: ${alert}\n`), alert);
    assert.ok(read('docs/operating.md').includes(`### ${alert}\n`), alert);
  }
});
