// The open reservations of a book, counting down.
import {get} from '../api.js';
import {h, setText} from '../dom.js';
import {amount, countdown, moment} from '../format.js';
import {openReservations} from '../history.js';
import {t} from '../i18n.js';
import {card, empty} from './parts.js';

const kMostShown = 20;
const kSoonMs = 60_000;

// show(movements, locked): the newest movements of the book, and how much of it is locked.
export function reservationList(signal) {
  const rows = h('tbody', {});
  const table = h(
    'table',
    {},
    h('caption', {class: 'unseen'}, t('reservations.title')),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        [
          ['order', 'order'],
          ['quantity', 'number'],
          ['since', 'time'],
          ['left', 'number'],
        ].map(([name, look]) => h('th', {scope: 'col', class: look}, t(`reservations.${name}`))),
      ),
    ),
    rows,
  );
  const rest = h('p', {class: 'card-note'});
  const none = h('div', {}, empty(t('reservations.none'), t('reservations.none_text')));
  const element = card(t('reservations.title'), table, none, rest);
  const deadlines = new Map(); // by order, in the browser's time; 0: not known yet

  const timer = setInterval(tick, 1_000);
  signal.addEventListener('abort', () => clearInterval(timer));
  function tick() {
    for (const cell of rows.querySelectorAll('[data-order]')) {
      const deadline = deadlines.get(cell.dataset.order);
      if (!deadline) continue;
      const left = deadline - Date.now();
      setText(cell, left > 0 ? countdown(left) : t('reservations.due'));
      cell.classList.toggle('soon', left < kSoonMs);
    }
  }

  async function learnDeadline(order) {
    deadlines.set(order, 0);
    try {
      const reservation = await get(`/reservations/${order}`, signal);
      if (reservation.code === 0) deadlines.set(order, Number(reservation.expires_at_ms));
      tick();
    } catch {
      deadlines.delete(order); // asked again with the next movement
    }
  }

  return {
    element,
    show(movements, locked) {
      const {open, missing} = openReservations(movements, locked);
      const shown = open.slice(0, kMostShown);
      const hidden = open
        .slice(kMostShown)
        .reduce((units, {quantity}) => units + quantity, missing);
      rows.replaceChildren(
        ...shown.map(({order, quantity, since}) =>
          h(
            'tr',
            {},
            h('td', {class: 'order'}, h('a', {href: `#/order/${order}`}, order)),
            h('td', {class: 'number'}, amount(quantity)),
            h('td', {class: 'time'}, moment(since)),
            h('td', {class: 'number'}, h('span', {class: 'countdown', 'data-order': order}, '–')),
          ),
        ),
      );
      table.hidden = shown.length === 0;
      none.hidden = locked > 0;
      rest.hidden = hidden === 0;
      setText(rest, t('reservations.rest', {units: amount(hidden)}));
      for (const {order} of shown) if (!deadlines.has(order)) learnDeadline(order);
      tick();
    },
  };
}
