// One book: how it stands, how it came to that, who holds some of it, and what can be done.
import {Fault, get} from '../api.js';
import {h, icon, setText} from '../dom.js';
import {watch} from '../events.js';
import {amount} from '../format.js';
import {merge, points} from '../history.js';
import {t} from '../i18n.js';
import {outcomeText} from '../outcomes.js';
import {legend, lineChart} from '../components/charts.js';
import {badge, card, empty, faultNote, pageHead, skeleton, stateOf} from '../components/parts.js';
import {movementTable} from '../components/movements.js';
import {reservationList} from '../components/reservations.js';
import {adjustDialog, restockDialog} from '../components/stock_dialog.js';

const kPage = 100;
const kChartPoints = 1_000;

export function title(id) {
  return t('book.title', {book: id});
}

export function build(id, signal) {
  const state = h('span', {});
  const figures = figureRow();
  const history = historyCard(signal);
  const held = reservationList(signal);
  const movements = movementTable({onMore: readEarlier});
  const problem = h('div', {});
  const content = h('div', {class: 'stack'}, skeleton(6));
  let known = [];
  let next = '';
  let reading = false;
  let again = false;
  let stock = null;

  const changes = (dialog) => () => dialog({book: id, onDone: readNewest});
  const actions = [
    h('button', {type: 'button', class: 'primary', on: {click: changes(restockDialog)}}, icon('plus'), t('restock.short')),
    h('button', {type: 'button', on: {click: changes(adjustDialog)}}, icon('edit'), t('adjust.short')),
  ];

  // One reading at a time; what changes meanwhile is read after it.
  async function readNewest() {
    if (reading) { again = true; return; }
    reading = true;
    try {
      if (known.length === 0 && !await isThere()) return showNone();
      const read = await get(`/stock/${id}/logs?page_size=${kPage}`, signal);
      problem.replaceChildren();
      if (read.code !== 0) throw new Fault(200, outcomeText(read));
      const joined = known.length === 0 || read.logs.some((log) => log.sequence === known[0].sequence);
      if (!joined) known = [];  // more has happened than a page holds: begin anew
      if (known.length === 0) next = read.next_page_token;
      known = merge(known, read.logs);
      draw();
    } catch (fault) {
      if (!signal.aborted) showFault(fault);
    } finally {
      reading = false;
      if (again && !signal.aborted) { again = false; setTimeout(readNewest, 1_000); }
    }
  }

  async function readEarlier() {
    const read = await get(`/stock/${id}/logs?page_size=${kPage}&page_token=${encodeURIComponent(next)}`, signal);
    if (read.code !== 0) throw new Fault(200, outcomeText(read));
    next = read.next_page_token;
    known = merge(known, read.logs);
    draw();
  }

  // Asked so that the answer "no" is an ordinary one.
  async function isThere() {
    const answer = await get(`/stock?ids=${id}`, signal);
    if (answer.code !== 0) throw new Fault(200, outcomeText(answer));
    return answer.stocks[0].code === 0;
  }

  function showNone() {
    problem.replaceChildren();
    content.replaceChildren(card(null, empty(t('book.none', {book: id}), t('book.none_text'))));
  }

  function showFault(fault) {
    problem.replaceChildren(faultNote(fault, readNewest));
    if (known.length === 0) content.replaceChildren(skeleton(6));
  }

  function draw() {
    if (!figures.element.isConnected) {
      content.replaceChildren(figures.element, history.element, held.element, movements.element);
    }
    const latest = known[0];
    if (!stock || Number(stock.sequence) <= Number(latest.sequence)) {
      stock = {...stock, available: latest.after_stock, locked: latest.locked_after, sequence: latest.sequence};
    }
    drawFigures();
    history.show(known.slice(0, kChartPoints));
    held.show(known, stock.locked);
    movements.show(known, next !== '');
  }

  function drawFigures() {
    figures.show(stock);
    const [level, text] = stateOf(stock);
    state.replaceChildren(badge(level, text));
  }

  // The stream says that something has changed; the movements say what.
  watch({ids: id, min_interval_ms: 500}, {
    begin() {},
    state() {},
    message({changes: [change]}) {
      if (!change) return;
      stock = {available: change.stock, locked: change.locked_stock, sequence: change.sequence, low: change.low};
      if (figures.element.isConnected) drawFigures();
      if (known[0]?.sequence !== change.sequence) readNewest();
    },
  }, signal);
  readNewest();
  return h('div', {class: 'view'},
      h('nav', {class: 'crumbs', 'aria-label': t('frame.crumbs')}, h('a', {href: '#/stock'}, t('place.stock')), icon('right'),
        h('span', {'aria-current': 'page'}, id)),
      pageHead(t('book.title', {book: id}), {subtitle: state, actions}), problem, content);
}

function figureRow() {
  const names = ['available', 'locked', 'total'];
  const values = Object.fromEntries(names.map((name) => [name, h('p', {class: 'figure-value'}, '–')]));
  const element = h('section', {class: 'figures', 'aria-label': t('book.figures')}, names.map((name) =>
      h('div', {class: `figure series-${name}`}, h('p', {class: 'figure-name'}, t(`word.${name}`)), values[name],
        h('p', {class: 'figure-help'}, t(`book.${name}`)))));
  return {element, show(stock) {
    setText(values.available, amount(stock.available));
    setText(values.locked, amount(stock.locked));
    setText(values.total, amount(stock.available + stock.locked));
  }};
}

function historyCard(signal) {
  const series = [{label: t('word.available'), color: 'available', stepped: true, fill: true},
                  {label: t('word.locked'), color: 'locked', stepped: true}];
  const chart = lineChart({label: t('book.history_label'), series, signal, format: amount});
  const span = h('p', {class: 'card-note'});
  const element = card(t('book.history'), span, chart.element, legend(series));
  return {element, show(movements) {
    setText(span, t('book.history_span', {count: amount(movements.length)}));
    const now = {x: Date.now()};
    const lines = [(log) => log.after_stock, (log) => log.locked_after].map((read) => {
      const line = points(movements, read);
      return [...line, {...now, x: Math.max(now.x, line.at(-1).x), y: line.at(-1).y}];
    });
    chart.show(lines);
  }};
}
