// One book: how it stands, how it came to that, who holds some of it, and what can be done.
import {BookLog} from '../book_log.js';
import {h, icon, setText} from '../dom.js';
import {watch} from '../events.js';
import {amount} from '../format.js';
import {points} from '../history.js';
import {t} from '../i18n.js';
import {legend, lineChart} from '../components/charts.js';
import {badge, card, empty, faultNote, pageHead, skeleton, stateOf} from '../components/parts.js';
import {movementTable} from '../components/movements.js';
import {reservationList} from '../components/reservations.js';
import {adjustDialog, restockDialog} from '../components/stock_dialog.js';

const kIntervalMs = 500;
const kChartPoints = 1_000;

export function title(id) {
  return t('book.title', {book: id});
}

export function build(id, signal) {
  const state = h('span', {});
  const problem = h('div', {});
  const content = h('div', {class: 'stack'}, skeleton(6));
  const log = new BookLog(id, {read: draw, unknown: showUnknown, fault: showFault}, signal);
  const figures = figureRow();
  const history = historyCard(signal);
  const held = reservationList(signal);
  const movements = movementTable({onMore: () => log.readEarlier()});
  let stock = null; // the newest that the stream or the log has told

  function draw() {
    const [latest] = log.movements;
    if (Number(stock?.sequence ?? 0) <= Number(latest.sequence)) {
      stock = {
        low: stock?.low ?? false,
        sequence: latest.sequence,
        available: latest.after_stock,
        locked: latest.locked_after,
      };
    }
    problem.replaceChildren();
    if (!figures.element.isConnected) {
      content.replaceChildren(figures.element, history.element, held.element, movements.element);
    }
    drawStock();
    history.show(log.movements.slice(0, kChartPoints));
    held.show(log.movements, stock.locked);
    movements.show(log.movements, log.hasMore);
  }

  function drawStock() {
    figures.show(stock);
    state.replaceChildren(badge(...stateOf(stock)));
  }

  function showUnknown() {
    problem.replaceChildren();
    content.replaceChildren(card(null, empty(title(id), t('book.none'))));
  }

  function showFault(fault) {
    problem.replaceChildren(faultNote(fault, () => log.readNewest()));
  }

  // The stream says that something has changed; the log says what.
  watch(
    {ids: id, min_interval_ms: kIntervalMs},
    {
      state() {},
      message({changes: [change]}) {
        if (!change) return;
        stock = {
          available: change.stock,
          locked: change.locked_stock,
          sequence: change.sequence,
          low: change.low,
        };
        if (figures.element.isConnected) drawStock();
        log.readUpTo(change.sequence);
      },
    },
    signal,
  );
  log.readNewest();
  return h(
    'div',
    {class: 'view'},
    crumbs(id),
    pageHead(title(id), {subtitle: state, actions: actions(id, () => log.readNewest())}),
    problem,
    content,
  );
}

function crumbs(id) {
  return h(
    'nav',
    {class: 'crumbs', 'aria-label': t('frame.crumbs')},
    h('a', {href: '#/stock'}, t('place.stock')),
    icon('right'),
    h('span', {'aria-current': 'page'}, id),
  );
}

function actions(book, onDone) {
  const open = (dialog) => () => dialog({book, onDone});
  return [
    h(
      'button',
      {type: 'button', class: 'primary', on: {click: open(restockDialog)}},
      icon('plus'),
      t('restock.short'),
    ),
    h('button', {type: 'button', on: {click: open(adjustDialog)}}, icon('edit'), t('adjust.short')),
  ];
}

function figureRow() {
  const names = ['available', 'locked', 'total'];
  const values = Object.fromEntries(
    names.map((name) => [name, h('p', {class: 'figure-value'}, '–')]),
  );
  const element = h(
    'section',
    {class: 'figures', 'aria-label': t('book.figures')},
    names.map((name) =>
      h(
        'div',
        {class: `figure series-${name}`},
        h('p', {class: 'figure-name'}, t(`word.${name}`)),
        values[name],
        h('p', {class: 'figure-help'}, t(`book.${name}`)),
      ),
    ),
  );
  return {
    element,
    show(stock) {
      setText(values.available, amount(stock.available));
      setText(values.locked, amount(stock.locked));
      setText(values.total, amount(stock.available + stock.locked));
    },
  };
}

function historyCard(signal) {
  const series = [
    {label: t('word.available'), color: 'available', stepped: true, fill: true},
    {label: t('word.locked'), color: 'locked', stepped: true},
  ];
  const chart = lineChart({label: t('book.history_label'), series, signal, format: amount});
  const span = h('p', {class: 'card-note'});
  const element = card(t('book.history'), span, chart.element, legend(series));
  return {
    element,
    show(movements) {
      setText(span, t('book.history_span', {count: amount(movements.length)}));
      const now = {x: Date.now()};
      const lines = [(log) => log.after_stock, (log) => log.locked_after].map((read) => {
        const line = points(movements, read);
        return [...line, {...now, x: Math.max(now.x, line.at(-1).x), y: line.at(-1).y}];
      });
      chart.show(lines);
    },
  };
}
