// A table of very many rows, of which only those that are seen are in the page.
import {h} from '../dom.js';

const kRowHeight = 44; // as in components.css
const kNowhere = -1;
const kSpare = 6; // rows above and below what is seen

// columns: [{key, text, class, sort}]; sort(key) is called by the heads of those that sort.
// makeRow(): {cells: [element], fill(item)}, used again for other items.
// show(items), order({key, descending}), refresh() where items have changed by themselves.
export function virtualTable({label, columns, makeRow, sort}) {
  const heads = columns.map((column) => head(column, sort));
  const space = h('div', {class: 'vt-space', role: 'none'});
  const body = h(
    'div',
    {class: 'vt-body', role: 'rowgroup', tabindex: '0', 'aria-label': label},
    space,
  );
  const element = h(
    'div',
    {class: 'vt', role: 'table', 'aria-label': label, 'aria-rowcount': '1'},
    h(
      'div',
      {class: 'vt-head', role: 'rowgroup'},
      h('div', {class: 'vt-row', role: 'row', 'aria-rowindex': '1'}, heads),
    ),
    body,
  );
  const rows = [];
  let items = [];

  const fill = () => {
    const [first, last] = seen(body, items.length);
    while (rows.length < last - first) rows.push(newRow(columns, makeRow, space));
    // A row keeps its element while it scrolls, and with it the focus; those that have left take
    // the places that came into sight, in the page too: it is read and tabbed through in order.
    const kept = new Map();
    const free = [];
    for (const row of rows) {
      if (row.index >= first && row.index < last) kept.set(row.index, row);
      else free.push(row);
    }
    for (let index = last - 1; index >= first; --index) {
      if (!kept.has(index)) {
        const row = free.pop();
        if (row.element.contains(document.activeElement)) body.focus({preventScroll: true});
        kept.set(index, row);
        place(row, index);
        space.insertBefore(row.element, kept.get(index + 1)?.element ?? null);
      }
      kept.get(index).fill(items[index]);
    }
    for (const row of free) place(row, kNowhere);
  };
  body.addEventListener('scroll', fill, {passive: true});
  new ResizeObserver(fill).observe(body);
  body.addEventListener('keydown', (event) => moveFocus(event, body, rows, items.length));

  return {
    element,
    body,
    show(newItems) {
      items = newItems;
      space.style.setProperty('height', `${items.length * kRowHeight}px`);
      element.setAttribute('aria-rowcount', items.length + 1);
      fill();
    },
    order({key, descending}) {
      columns.forEach((column, i) => {
        if (column.key === key)
          heads[i].setAttribute('aria-sort', descending ? 'descending' : 'ascending');
        else heads[i].removeAttribute('aria-sort');
      });
    },
    refresh: fill,
  };
}

// The rows from the first to behind the last that are to be in the page.
function seen(body, count) {
  const first = Math.max(0, Math.floor(body.scrollTop / kRowHeight) - kSpare);
  const last = Math.ceil((body.scrollTop + body.clientHeight) / kRowHeight) + kSpare;
  return [Math.min(first, count), Math.min(last, count)];
}

function place(row, index) {
  row.index = index;
  row.element.hidden = index === kNowhere;
  if (index === kNowhere) return;
  row.element.style.setProperty('transform', `translateY(${index * kRowHeight}px)`);
  row.element.setAttribute('aria-rowindex', index + 2);
}

function head({key, text, class: name, sorts}, sort) {
  return h(
    'div',
    {class: `vt-cell ${name}`, role: 'columnheader'},
    sorts ? h('button', {type: 'button', class: 'sort', on: {click: () => sort(key)}}, text) : text,
  );
}

function newRow(columns, makeRow, space) {
  const {cells, fill} = makeRow();
  const element = h(
    'div',
    {class: 'vt-row', role: 'row'},
    cells.map((cell, i) => h('div', {class: `vt-cell ${columns[i].class}`, role: 'cell'}, cell)),
  );
  space.append(element);
  return {element, fill, index: kNowhere};
}

// Up and down go from row to row.
function moveFocus(event, body, rows, count) {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step || count === 0) return;
  event.preventDefault();
  const from = rows.find((row) => row.element.contains(document.activeElement));
  const top = Math.ceil(body.scrollTop / kRowHeight);
  const index = Math.min(count - 1, Math.max(0, from ? from.index + step : top));
  if (index * kRowHeight < body.scrollTop) body.scrollTop = index * kRowHeight;
  const below = (index + 1) * kRowHeight - body.clientHeight;
  if (below > body.scrollTop) body.scrollTop = below;
  // What scrolling brought is filled in the next frame.
  requestAnimationFrame(() => {
    rows
      .find((row) => row.index === index)
      ?.element.querySelector('a')
      ?.focus();
  });
}
