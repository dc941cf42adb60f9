// The figures of this moment, large.
import {h, setText} from '../dom.js';
import {figuresOf} from '../diagnosis.js';
import {amount, latency, rate} from '../format.js';
import {t} from '../i18n.js';

const kTiles = ['sales', 'latency', 'batch', 'queue', 'reservations', 'low'];

// show(seen): what followVitals tells.
export function tileRow() {
  const tiles = kTiles.map(makeTile);
  return {
    element: h(
      'section',
      {class: 'tiles', 'aria-label': t('overview.now')},
      tiles.map(({element}) => element),
    ),
    show({status, rates}) {
      const figures = status ? figuresOf(status) : {};
      for (const {name, show} of tiles) show(...tileText(name, figures, rates));
    },
  };
}

function makeTile(name) {
  const number = h('span', {}, '–');
  const unit = h('span', {class: 'unit'});
  const help = h('p', {class: 'tile-help'}, '\u00a0');
  const element = h(
    'div',
    {class: 'tile'},
    h('p', {class: 'tile-name'}, t(`tile.${name}`)),
    h('p', {class: 'tile-value'}, number, unit),
    help,
  );
  return {
    name,
    element,
    show(value, unitText, words) {
      setText(number, value);
      setText(unit, unitText);
      setText(help, words);
    },
  };
}

// [number, unit, a word about it]
function tileText(name, figures, rates) {
  const known = (value) => (Number.isFinite(value) ? amount(value) : '–');
  switch (name) {
    case 'queue':
      return [
        known(figures.queue_depth),
        '',
        t('tile.queue.help', {refused: known(figures.refused_full)}),
      ];
    case 'reservations':
      return [
        known(figures.open_reservations),
        '',
        t('tile.reservations.help', {expired: known(figures.expired)}),
      ];
    case 'low':
      return [known(figures.low_stock_books), '', t('tile.low.help')];
    default:
      return rates ? rateText(name, rates) : ['–', '', t('tile.waiting')];
  }
}

function rateText(name, rates) {
  if (name === 'latency') {
    const [p50, p99] = [latency(rates.p50), latency(rates.p99)];
    return [p99.value, p99.unit, t('tile.latency.help', {p50: `${p50.value} ${p50.unit}`})];
  }
  if (name === 'batch') {
    return [rate(rates.batchSize), '', t('tile.batch.help', {rate: rate(rates.batches)})];
  }
  return [rate(rates.sales), t('unit.per_s'), t('tile.sales.help', {rate: rate(rates.refusals)})];
}
