// Whether sales are healthy, and why not: the first thing an engineer on call looks at.
import {h, icon, setText} from '../dom.js';
import {diagnose, figuresOf} from '../diagnosis.js';
import {amount, bytes, duration, latency, moment, rate} from '../format.js';
import {hasText, t} from '../i18n.js';
import {followVitals} from '../vitals.js';
import {legend, lineChart} from '../components/charts.js';
import {card, pageHead, skeleton} from '../components/parts.js';

const kWindowMs = 300_000;

export function title() {
  return t('place.overview');
}

export function build(_, signal) {
  const health = h('section', {class: 'health', 'aria-label': t('overview.health'), role: 'status'}, skeleton(2));
  const tiles = tileRow();
  const charts = chartRow(signal);
  const store = storeCard();
  followVitals((seen) => {
    showHealth(health, seen);
    tiles.show(seen);
    charts.show(seen.history);
    if (seen.status) store.show(seen.status);
  }, signal);
  return h('div', {class: 'view'}, pageHead(t('place.overview')), health, tiles.element, charts.element, store.element);
}

// Written anew only when it says something else: it is read aloud.
function showHealth(health, seen) {
  const findings = diagnose(seen);
  const said = JSON.stringify([document.documentElement.lang, findings.map(({level, name}) => [level, name])]);
  if (health.dataset.said === said) {
    const lines = health.querySelectorAll('.finding-title');
    findings.forEach((finding, i) => setText(lines[i], findingText(finding)));
    return;
  }
  health.dataset.said = said;
  if (findings.length === 0) {
    health.className = 'health ok';
    health.replaceChildren(h('div', {class: 'finding'}, icon('ok'),
        h('div', {}, h('p', {class: 'finding-title'}, t('finding.none')), h('p', {}, t('finding.none.do')))));
    return;
  }
  health.className = `health ${findings[0].level}`;
  health.replaceChildren(...findings.map((finding) =>
      h('div', {class: `finding ${finding.level}`}, icon(finding.level),
        h('div', {}, h('p', {class: 'finding-title'}, findingText(finding)), h('p', {}, t(`finding.${finding.name}.do`))))));
}

function findingText({name, values}) {
  const shown = Object.fromEntries(Object.entries(values).map(([key, value]) =>
      [key, key === 'status' ? value : key === 'rate' ? rate(value) : typeof value === 'number' ? amount(value) : value]));
  return t(`finding.${name}`, shown);
}

function tileRow() {
  const tiles = ['sales', 'latency', 'batch', 'queue', 'reservations', 'refusals'].map((name) => {
    const value = h('p', {class: 'tile-value'}, '–');
    const help = h('p', {class: 'tile-help'}, '\u00a0');
    return {name, value, help, element: h('div', {class: 'tile'}, h('p', {class: 'tile-name'}, t(`tile.${name}`)), value, help)};
  });
  return {
    element: h('section', {class: 'tiles', 'aria-label': t('overview.now')}, tiles.map(({element}) => element)),
    show({status, rates}) {
      const figures = status ? figuresOf(status) : {};
      for (const {name, value, help} of tiles) {
        const [number, unit, words] = tileText(name, figures, rates);
        if (value.dataset.shown !== number + unit) {
          value.dataset.shown = number + unit;
          value.replaceChildren(number, unit ? h('span', {class: 'unit'}, unit) : '');
        }
        setText(help, words);
      }
    },
  };
}

// [number, unit, a word about it]
function tileText(name, figures, rates) {
  const known = (value, text = amount) => (Number.isFinite(value) ? text(value) : '–');
  if (name === 'queue') {
    return [known(figures.queue_depth), '', t('tile.queue.help', {refused: known(figures.refused_full)})];
  }
  if (name === 'reservations') {
    return [known(figures.open_reservations), '', t('tile.reservations.help', {expired: known(figures.expired)})];
  }
  if (!rates) return ['–', '', t('tile.waiting')];
  if (name === 'latency') {
    const [p50, p99] = [latency(rates.p50), latency(rates.p99)];
    return [p99.value, p99.unit, t('tile.latency.help', {p50: `${p50.value} ${p50.unit}`})];
  }
  if (name === 'batch') return [rate(rates.batchSize), '', t('tile.batch.help', {rate: rate(rates.batches)})];
  if (name === 'refusals') return [rate(rates.refusals), t('unit.per_s'), t('tile.refusals.help', {rate: rate(rates.soldOut)})];
  return [rate(rates.sales), t('unit.per_s'), t('tile.sales.help')];
}

function chartRow(signal) {
  const sales = {key: 'sales', label: t('series.sales'), color: 'available', fill: true};
  const refusals = {key: 'refusals', label: t('series.refusals'), color: 'locked'};
  const p50 = {key: 'p50', label: 'p50', color: 'available'};
  const p99 = {key: 'p99', label: 'p99', color: 'locked'};
  const charts = [
    ['chart.sales', [sales, refusals], rate],
    ['chart.latency', [p50, p99], (value) => { const {value: number, unit} = latency(value); return `${number} ${unit}`; }],
  ].map(([name, series, format]) => {
    const chart = lineChart({label: t(`${name}.label`), series, format, signal, windowMs: kWindowMs});
    return {series, chart, element: card(t(name), legend(series), chart.element)};
  });
  return {
    element: h('div', {class: 'two'}, charts.map(({element}) => element)),
    show(history) {
      for (const {series, chart} of charts) {
        chart.show(series.map(({key}) => history.map((point) => ({x: point.at, y: point[key]}))));
      }
    },
  };
}

// The figures that are bytes or times are said so; the rest are counts.
function figureText({name, value, unit}) {
  if (unit === 'bytes') return bytes(value);
  if (unit === 'ms') return duration(Number(value));
  if (unit === 'us') return `${rate(Number(value) / 1000)} ms`;
  return name === 'epoch' || name.endsWith('_record') ? String(value) : amount(value);
}

function storeCard() {
  const facts = h('dl', {class: 'facts'});
  const figures = h('tbody', {});
  const table = h('table', {class: 'status-figures'},
      h('caption', {class: 'unseen'}, t('overview.figures')),
      h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('overview.figure')),
        h('th', {scope: 'col', class: 'number'}, t('overview.value')), h('th', {scope: 'col', class: 'meaning'}, t('overview.meaning')))), figures);
  const cells = new Map();
  const waiting = skeleton(5);
  const element = h('div', {class: 'two uneven'}, card(t('overview.store'), waiting, facts), card(t('overview.figures'), table));

  const fact = (name, value) => {
    if (!cells.has(name)) {
      cells.set(name, h('dd', {}));
      facts.append(h('div', {}, h('dt', {}, t(`fact.${name}`)), cells.get(name)));
    }
    setText(cells.get(name), value);
  };
  return {element, show(status) {
    waiting.remove();
    fact('store', status.store);
    fact('durability', status.durability);
    fact('location', status.location);
    fact('uptime', t('fact.uptime_text', {time: duration(status.now_ms - status.started_at_ms), since: moment(status.started_at_ms)}));
    fact('version', `${status.version} (${status.commit.slice(0, 12)})`);
    for (const figure of status.figures) {
      const {name, help} = figure;
      if (!cells.has(`figure ${name}`)) {
        cells.set(`figure ${name}`, h('td', {class: 'number'}));
        figures.append(h('tr', {}, h('th', {scope: 'row'}, name.replaceAll('_', ' ')), cells.get(`figure ${name}`), h('td', {class: 'meaning muted'}, figureHelp(name, help))));
      }
      setText(cells.get(`figure ${name}`), figureText(figure));
    }
  }};
}

// The service's own help is English; the catalogue may have it in the reader's language.
function figureHelp(name, help) {
  return hasText(`figure.${name}`) ? t(`figure.${name}`) : help;
}
