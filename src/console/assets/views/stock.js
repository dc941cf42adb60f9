// All books: search, sort, live, the low ones first.
import {h, icon, setText} from '../dom.js';
import {feed} from '../feed.js';
import {amount} from '../format.js';
import {t} from '../i18n.js';
import {restockDialog} from '../components/stock_dialog.js';
import {empty, faultText, pageHead, skeleton, stateOf} from '../components/parts.js';
import {virtualTable} from '../components/virtual_table.js';

const kReorderMs = 2_000; // rows that move all the time cannot be read
const kFlashMs = 900;

// What was searched and sorted by, while the page is open.
const chosen = {digits: '', lowOnly: false, order: {key: 'low', descending: false}};

export function title() {
  return t('place.stock');
}

export function build(_, signal) {
  const table = virtualTable({
    label: t('place.stock'),
    columns: columns(),
    makeRow,
    sort(key) {
      const same = chosen.order.key === key;
      // Amounts are looked at for the small ones first, and then for the large.
      chosen.order = {key, descending: same && !chosen.order.descending};
      arrange();
    },
  });
  const count = h('p', {class: 'count', role: 'status'});
  const live = h('p', {class: 'live'});
  const message = h('div', {class: 'vt-message'});
  const search = h('input', {
    type: 'search',
    id: 'search',
    inputmode: 'numeric',
    autocomplete: 'off',
    placeholder: t('stock.search'),
    'aria-label': t('stock.search'),
    value: chosen.digits,
  });
  const low = h('input', {
    type: 'checkbox',
    id: 'low-only',
    role: 'switch',
    checked: chosen.lowOnly,
  });
  let arrangedAt = 0;

  function arrange() {
    arrangedAt = performance.now();
    const books = feed.list.select(chosen);
    table.order(chosen.order);
    table.show(books);
    setText(count, countText(books.length));
    message.replaceChildren(...messageFor(books.length));
    message.hidden = books.length > 0;
  }

  // In place at once; in order now and then, and never under somebody's hand.
  function onChange(changed) {
    drawState(live);
    if (changed.length === 0) return feed.list.size === 0 ? arrange() : undefined;
    const held = table.element.matches(':hover') || table.body.contains(document.activeElement);
    const loading = !feed.complete || table.element.getAttribute('aria-rowcount') === '1';
    if (loading || (!held && performance.now() - arrangedAt > kReorderMs)) return arrange();
    table.refresh();
    setText(count, countText(table.element.getAttribute('aria-rowcount') - 1));
  }

  search.addEventListener('input', () => {
    chosen.digits = search.value.trim();
    table.body.scrollTop = 0;
    arrange();
  });
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && feed.list.get(chosen.digits))
      location.hash = `#/book/${chosen.digits}`;
  });
  low.addEventListener('change', () => {
    chosen.lowOnly = low.checked;
    table.body.scrollTop = 0;
    arrange();
  });
  feed.follow(onChange, signal);
  drawState(live);
  queueMicrotask(arrange);
  const restock = h(
    'button',
    {type: 'button', class: 'primary', on: {click: () => restockDialog({})}},
    icon('plus'),
    t('restock.book'),
  );
  return h(
    'div',
    {class: 'view stock-view'},
    pageHead(t('place.stock'), {subtitle: live, actions: [restock]}),
    h(
      'div',
      {class: 'tools'},
      h('div', {class: 'search'}, icon('search'), search),
      h('label', {class: 'switch', for: 'low-only'}, low, h('span', {}, t('stock.low_only'))),
      count,
    ),
    h('div', {class: 'card table-card'}, table.element, message),
  );
}

function columns() {
  return [
    {key: 'id', text: t('word.book'), class: 'id', sorts: true},
    {key: 'available', text: t('word.available'), class: 'number', sorts: true},
    {key: 'locked', text: t('word.locked'), class: 'number mid', sorts: true},
    {key: 'total', text: t('word.total'), class: 'number wide', sorts: true},
    {key: 'low', text: t('word.state'), class: 'state', sorts: true},
    {key: 'sequence', text: t('word.movements'), class: 'number wide'},
  ];
}

function makeRow() {
  const link = h('a', {});
  const available = h('span', {});
  const locked = h('span', {});
  const total = h('span', {});
  const state = h('span', {});
  const sequence = h('span', {class: 'muted'});
  let timer = null;
  return {
    cells: [link, available, locked, total, state, sequence],
    fill(book) {
      setText(link, book.id);
      link.setAttribute('href', `#/book/${book.id}`);
      setText(available, amount(book.available));
      setText(locked, amount(book.locked));
      setText(total, amount(book.total));
      setText(sequence, amount(book.sequence));
      const [level, text] = stateOf(book);
      setText(state, text);
      state.className = `badge ${level}`;
      const since = performance.now() - (book.changedAt ?? -kFlashMs);
      available.className = since < kFlashMs ? 'flash' : '';
      clearTimeout(timer);
      if (since < kFlashMs)
        timer = setTimeout(() => {
          available.className = '';
        }, kFlashMs - since);
    },
  };
}

function countText(shown) {
  const all = feed.list.size;
  const low = feed.list.countLow();
  const books =
    shown === all
      ? t('stock.count', {count: amount(all)})
      : t('stock.shown', {shown: amount(shown), count: amount(all)});
  return `${books} · ${t('stock.count_low', {count: amount(low)})}`;
}

function messageFor(shown) {
  if (shown > 0) return [];
  if (feed.list.size > 0) return [empty(t('stock.none_found'), t('stock.none_found_text'))];
  if (feed.complete) return [empty(t('stock.none'), t('stock.none_text'))];
  if (feed.state === 'lost') return [empty(t('stock.lost'), faultText(feed.error))];
  return [skeleton(8)];
}

function drawState(live) {
  const level = {live: 'ok', connecting: 'warn', lost: 'bad'}[feed.state];
  live.className = `live ${level}`;
  setText(live, t(`live.${feed.state}`));
  live.title = feed.error ? faultText(feed.error) : '';
}
