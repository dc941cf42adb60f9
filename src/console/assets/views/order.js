// One order: what it holds now, and what happened to it, step by step.
import {get} from '../api.js';
import {h, icon, setText} from '../dom.js';
import {amount, countdown, moment} from '../format.js';
import {t} from '../i18n.js';
import {readId} from '../ids.js';
import {outcomeText} from '../outcomes.js';
import {badge, card, empty, faultNote, pageHead, skeleton} from '../components/parts.js';
import {noteOf} from '../components/movements.js';

const kRefreshMs = 5_000;

const kLevels = {
  RESERVED: 'warn',
  SOLD: 'ok',
  CONFIRMED: 'ok',
  RELEASED: 'plain',
  CANCELLED: 'plain',
  EXPIRED: 'bad',
  UNSPECIFIED: 'plain',
};
const kIcons = {
  deduct: 'ok',
  confirm: 'ok',
  reserve: 'lock',
  release: 'undo',
  cancel: 'undo',
  expire: 'clock',
  restock: 'plus',
  adjust: 'edit',
};

export function title(id) {
  return id ? t('order.title', {order: id}) : t('place.order');
}

export function build(id, signal) {
  const content = h('div', {class: 'stack'});
  const problem = h('div', {});
  const view = h('div', {class: 'view'}, pageHead(title(id)), searchForm(id), problem, content);
  if (!id) {
    content.append(card(null, empty(t('order.start'), t('order.start_text'))));
    return view;
  }
  content.append(skeleton(5));
  let shown = '';

  async function read() {
    try {
      const order = await get(`/orders/${id}`, signal);
      const reserved = order.logs.some((log) => log.change_type === 'reserve');
      const reservation = reserved ? await get(`/reservations/${id}`, signal) : null;
      problem.replaceChildren();
      const text = JSON.stringify([order, reservation]);
      if (text === shown) return;
      shown = text;
      content.replaceChildren(...describe(order, reservation));
    } catch (fault) {
      if (!signal.aborted) problem.replaceChildren(faultNote(fault, read));
    }
  }
  const timers = [setInterval(read, kRefreshMs), setInterval(() => tick(content), 1_000)];
  signal.addEventListener('abort', () => timers.forEach(clearInterval));
  read();
  return view;
}

function searchForm(id) {
  const input = h('input', {
    type: 'search',
    id: 'order',
    inputmode: 'numeric',
    autocomplete: 'off',
    value: id ?? '',
    placeholder: t('order.search'),
    'aria-label': t('order.search'),
  });
  const problem = h('p', {class: 'help bad', role: 'alert'});
  return h(
    'form',
    {
      class: 'tools find',
      novalidate: true,
      role: 'search',
      on: {
        submit(event) {
          event.preventDefault();
          const wanted = readId(input.value);
          if (wanted) location.hash = `#/order/${wanted}`;
          else problem.textContent = t('order.no_id');
        },
      },
    },
    h('div', {class: 'search'}, icon('search'), input),
    h('button', {type: 'submit'}, t('order.find')),
    problem,
  );
}

function describe(order, reservation) {
  if (order.code !== 0) return [card(null, empty(outcomeText(order), ''))];
  if (order.lines.length === 0 && order.logs.length === 0) {
    return [card(null, empty(t('order.none'), t('order.none_text')))];
  }
  return [linesCard(order, reservation), stepsCard(order.logs)];
}

function linesCard(order, reservation) {
  const has = reservation?.code === 0;
  const state = has ? reservation.state.replace('RESERVATION_STATE_', '') : null;
  return card(
    null,
    h(
      'div',
      {class: 'card-head'},
      h('h2', {}, t('order.lines')),
      has
        ? h(
            'p',
            {class: 'reservation'},
            h('span', {class: 'muted'}, t('order.reservation')),
            ' ',
            badge(kLevels[state], t(`reservation.${state}`)),
            state === 'RESERVED' ? timeLeft(reservation.expires_at_ms) : null,
          )
        : null,
    ),
    h(
      'table',
      {},
      h('caption', {class: 'unseen'}, t('order.lines')),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', {scope: 'col'}, t('word.book')),
          h('th', {scope: 'col', class: 'number'}, t('word.quantity')),
          h('th', {scope: 'col'}, t('word.state')),
        ),
      ),
      h(
        'tbody',
        {},
        order.lines.map((line) => {
          const name = line.state.replace('ORDER_LINE_STATE_', '');
          return h(
            'tr',
            {},
            h('td', {class: 'order'}, h('a', {href: `#/book/${line.book_id}`}, line.book_id)),
            h('td', {class: 'number'}, amount(line.quantity)),
            h('td', {}, badge(kLevels[name], t(`line.${name}`))),
          );
        }),
      ),
    ),
  );
}

function timeLeft(deadline) {
  return h(
    'span',
    {class: 'countdown', 'data-deadline': deadline},
    countdown(deadline - Date.now()),
  );
}

function tick(content) {
  for (const element of content.querySelectorAll('[data-deadline]')) {
    setText(element, countdown(element.dataset.deadline - Date.now()));
  }
}

function stepsCard(logs) {
  return card(
    t('order.steps'),
    logs.length === 0
      ? empty(t('order.no_steps'), t('order.no_steps_text'))
      : h('ol', {class: 'timeline'}, logs.map(step)),
  );
}

function step(log) {
  const values = {quantity: amount(log.quantity), book: log.book_id};
  return h(
    'li',
    {class: log.change_type},
    h('span', {class: 'step-mark'}, icon(kIcons[log.change_type] ?? 'ok')),
    h(
      'div',
      {class: 'step-text'},
      h('p', {class: 'step-what'}, t(`step.${log.change_type}`, values)),
      h(
        'p',
        {class: 'muted'},
        t('step.figures', {available: amount(log.after_stock), locked: amount(log.locked_after)}),
        ' · ',
        h('a', {href: `#/book/${log.book_id}`}, t('book.title', {book: log.book_id})),
      ),
      h('p', {class: 'step-note'}, noteOf(log)),
    ),
    h(
      'time',
      {
        datetime: new Date(Number(log.created_at_ms)).toISOString(),
        title: moment(log.created_at_ms, true),
      },
      moment(log.created_at_ms),
    ),
  );
}
