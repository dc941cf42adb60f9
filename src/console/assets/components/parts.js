// Small pieces that several views are made of.
import {h, icon} from '../dom.js';
import {t} from '../i18n.js';
import {mayAskAgain} from '../token.js';

// The head of a view: its title, and what can be done there.
export function pageHead(title, {subtitle = null, actions = []} = {}) {
  return h(
    'div',
    {class: 'page-head'},
    h('div', {class: 'page-title'}, h('h1', {tabindex: '-1'}, title), subtitle),
    actions.length ? h('div', {class: 'page-actions'}, actions) : null,
  );
}

export function card(title, ...content) {
  return h('section', {class: 'card'}, title ? h('h2', {}, title) : null, ...content);
}

// How a book stands, in a word and a colour.
export function stateOf(book) {
  if (book.available === 0) return ['bad', t('stock.sold_out')];
  return book.low ? ['warn', t('stock.low')] : ['ok', t('stock.enough')];
}

export function badge(level, text) {
  return h('span', {class: `badge ${level}`}, text);
}

export function empty(title, text, ...more) {
  return h(
    'div',
    {class: 'empty'},
    h('p', {class: 'empty-title'}, title),
    h('p', {}, text),
    ...more,
  );
}

// A fault in words: what it means here, and the service's own text.
export function faultText(fault) {
  if (fault.status === 200) return fault.message;
  if (fault.status === 401) return t('fault.token');
  if (fault.status === 403) return t('fault.role', {message: fault.message});
  if (fault.status === 0) return t('fault.unreachable');
  return t('fault.other', {status: fault.status, message: fault.message});
}

export function faultNote(fault, again) {
  const click = () => {
    mayAskAgain();
    again();
  };
  return h(
    'div',
    {class: 'note bad', role: 'alert'},
    icon('bad'),
    h('span', {}, faultText(fault)),
    h('button', {type: 'button', on: {click}}, t('do.again')),
  );
}

// Grey bars in the place of what is on its way, so that nothing moves when it comes.
export function skeleton(lines) {
  return h(
    'div',
    {class: 'skeleton', 'aria-hidden': 'true'},
    Array.from({length: lines}, () => h('div', {})),
  );
}
