// Whether sales are healthy, and why not: the first thing an engineer on call looks at.
import {h} from '../dom.js';
import {latency, rate} from '../format.js';
import {t} from '../i18n.js';
import {followVitals} from '../vitals.js';
import {legend, lineChart} from '../components/charts.js';
import {healthBox} from '../components/health.js';
import {card, pageHead} from '../components/parts.js';
import {storeCards} from '../components/store_card.js';
import {tileRow} from '../components/tiles.js';

const kWindowMs = 300_000;

export function title() {
  return t('place.overview');
}

export function build(_, signal) {
  const health = healthBox();
  const tiles = tileRow();
  const charts = [salesChart(signal), latencyChart(signal)];
  const store = storeCards();
  followVitals((seen) => {
    health.show(seen);
    tiles.show(seen);
    for (const chart of charts) chart.show(seen.history);
    if (seen.status) store.show(seen.status);
  }, signal);
  return h(
    'div',
    {class: 'view'},
    pageHead(t('place.overview')),
    health.element,
    tiles.element,
    h(
      'div',
      {class: 'two'},
      charts.map(({element}) => element),
    ),
    store.element,
  );
}

function salesChart(signal) {
  return historyChart('sales', rate, signal, [
    {key: 'sales', label: t('series.sales'), color: 'available', fill: true},
    {key: 'refusals', label: t('series.refusals'), color: 'locked'},
  ]);
}

function latencyChart(signal) {
  const format = (seconds) => {
    const {value, unit} = latency(seconds);
    return `${value} ${unit}`;
  };
  return historyChart('latency', format, signal, [
    {key: 'p50', label: 'p50', color: 'available'},
    {key: 'p99', label: 'p99', color: 'locked'},
  ]);
}

function historyChart(name, format, signal, series) {
  const label = t(`chart.${name}.label`);
  const chart = lineChart({label, series, format, signal, windowMs: kWindowMs});
  return {
    element: card(t(`chart.${name}`), legend(series), chart.element),
    show(history) {
      chart.show(series.map(({key}) => history.map((point) => ({x: point.at, y: point[key]}))));
    },
  };
}
