// A book's movements as a table, newest first, with the earlier ones on request.
import {h} from '../dom.js';
import {amount, moment, signed} from '../format.js';
import {t} from '../i18n.js';
import {card, empty, faultText} from './parts.js';

const kTypes = ['deduct', 'release', 'restock', 'adjust', 'reserve', 'confirm', 'cancel', 'expire'];

// show(movements, more); onMore() reads earlier ones and shows them.
export function movementTable({onMore}) {
  let all = [];
  const type = h(
    'select',
    {id: 'type', 'aria-label': t('movements.type'), on: {change: draw}},
    h('option', {value: ''}, t('movements.all')),
    kTypes.map((name) => h('option', {value: name}, t(`kind.${name}`))),
  );
  const rows = h('tbody', {});
  const nothing = h('div', {}, empty(t('movements.none'), t('movements.none_text')));
  const problem = h('p', {class: 'help', role: 'alert'});
  const more = h(
    'button',
    {
      type: 'button',
      on: {
        async click() {
          more.disabled = true;
          problem.textContent = '';
          try {
            await onMore();
          } catch (fault) {
            problem.textContent = faultText(fault);
          } finally {
            more.disabled = false;
          }
        },
      },
    },
    t('movements.more'),
  );
  const table = h(
    'table',
    {class: 'movements'},
    h('caption', {class: 'unseen'}, t('movements.title')),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ['time', 'change', 'available', 'locked', 'order', 'note'].map((name) =>
          h('th', {scope: 'col', class: name}, t(`movements.${name}`)),
        ),
      ),
    ),
    rows,
  );
  const element = card(
    null,
    h('div', {class: 'card-head'}, h('h2', {}, t('movements.title')), type),
    table,
    nothing,
    problem,
    h('div', {class: 'more'}, more),
  );

  // A row for each movement is made once.
  const made = new Map();
  function draw() {
    const shown = all.filter((log) => type.value === '' || log.change_type === type.value);
    rows.replaceChildren(
      ...shown.map((log) => {
        if (!made.has(log.sequence)) made.set(log.sequence, movementRow(log));
        return made.get(log.sequence);
      }),
    );
    table.hidden = shown.length === 0;
    nothing.hidden = shown.length > 0;
  }
  return {
    element,
    show(movements, hasMore) {
      if (movements.length < all.length) made.clear();
      all = movements;
      more.hidden = !hasMore;
      draw();
    },
  };
}

function movementRow(log) {
  const change = log.after_stock - log.before_stock;
  return h(
    'tr',
    {},
    h(
      'td',
      {class: 'time'},
      h(
        'time',
        {
          datetime: new Date(Number(log.created_at_ms)).toISOString(),
          title: moment(log.created_at_ms, true),
        },
        moment(log.created_at_ms),
      ),
    ),
    h(
      'td',
      {class: 'change'},
      h('span', {class: `dot ${log.change_type}`}),
      t(`kind.${log.change_type}`),
      h('span', {class: 'muted'}, ` ${amount(log.quantity)}`),
    ),
    h(
      'td',
      {class: 'available'},
      h('span', {class: change > 0 ? 'up' : change < 0 ? 'down' : 'muted'}, signed(change)),
      h('span', {class: 'muted'}, ` → ${amount(log.after_stock)}`),
    ),
    h('td', {class: 'locked'}, amount(log.locked_after)),
    h(
      'td',
      {class: 'order'},
      log.order_id === '0' ? '' : h('a', {href: `#/order/${log.order_id}`}, log.order_id),
    ),
    h('td', {class: 'note'}, noteOf(log)),
  );
}

export function noteOf(log) {
  return [
    log.remark ? h('span', {}, log.remark) : null,
    log.actor ? h('span', {class: 'muted actor'}, t('movements.by', {actor: log.actor})) : null,
  ];
}
