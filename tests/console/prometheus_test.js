import assert from 'node:assert/strict';
import test from 'node:test';

import {growth, parseMetrics, quantile, sum} from '../../src/console/assets/prometheus.js';

const kText = `# HELP inventory_commands_total what commands came to
# TYPE inventory_commands_total counter
inventory_commands_total{verb="deduct",outcome="ok"} 10
inventory_commands_total{verb="confirm",outcome="ok"} 2.5e1
inventory_queue_depth 3
odd{text="a \\"quoted\\" } and \\\\ and \\n",other=""} +Inf 1700000000
`;

test('series keep their labels', () => {
  const reading = parseMetrics(kText);
  assert.equal(sum(reading, 'inventory_commands_total'), 35);
  assert.equal(
    sum(reading, 'inventory_commands_total', ({verb}) => verb === 'deduct'),
    10,
  );
  assert.equal(sum(reading, 'inventory_queue_depth'), 3);
  assert.deepEqual(reading.get('odd'), [
    {labels: {text: 'a "quoted" } and \\ and \n', other: ''}, value: Infinity},
  ]);
});

test('what is not there yet is 0', () => {
  assert.equal(sum(parseMetrics(kText), 'nothing'), 0);
});

test('a counter that began anew has grown by what it says', () => {
  const before = parseMetrics('a 100');
  assert.equal(growth(before, parseMetrics('a 130'), 'a'), 30);
  assert.equal(growth(before, parseMetrics('a 7'), 'a'), 7);
});

function histogram(counts) {
  return parseMetrics(
    Object.entries(counts)
      .map(([le, n]) => `h_bucket{le="${le}"} ${n}`)
      .join('\n'),
  );
}

test('a quantile lies in the bucket of its rank', () => {
  const before = histogram({0.001: 100, 0.01: 100, '+Inf': 100});
  const after = histogram({0.001: 150, 0.01: 200, '+Inf': 200});
  assert.equal(quantile(0.5, before, after, 'h'), 0.001);
  assert.ok(Math.abs(quantile(0.75, before, after, 'h') - 0.0055) < 1e-9);
  assert.ok(Math.abs(quantile(1, before, after, 'h') - 0.01) < 1e-9);
});

test('above the last limit nothing better is known than that limit', () => {
  const none = histogram({0.001: 0, 0.01: 0, '+Inf': 0});
  assert.equal(quantile(0.99, none, histogram({0.001: 1, 0.01: 1, '+Inf': 100}), 'h'), 0.01);
});

test('series that fit are added up, and where nothing came there is no quantile', () => {
  const text = (n) =>
    `h_bucket{call="a",le="1"} ${n}\nh_bucket{call="a",le="+Inf"} ${n}\n` +
    `h_bucket{call="b",le="1"} 0\nh_bucket{call="b",le="+Inf"} 50`;
  const [before, after] = [parseMetrics(text(0)), parseMetrics(text(10))];
  assert.equal(
    quantile(0.5, before, after, 'h', ({call}) => call === 'a'),
    0.5,
  );
  assert.ok(Number.isNaN(quantile(0.5, before, after, 'h', ({call}) => call === 'b')));
});
