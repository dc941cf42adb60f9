// Keys: / finds, g and a letter goes somewhere, ? tells. Never while something is typed.
import {h} from '../dom.js';
import {t} from '../i18n.js';
import {openDialog} from './dialog.js';

const kGo = {o: '#/overview', s: '#/stock', r: '#/order'};
const kSecondKeyMs = 1_500;

let wentAt = 0; // when g was pressed

export function listenForShortcuts() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    const isSecond = event.timeStamp - wentAt < kSecondKeyMs;
    wentAt = 0;
    if (isSecond && event.key in kGo) {
      location.hash = kGo[event.key];
    } else if (event.key === 'g') {
      wentAt = event.timeStamp;
    } else if (event.key === '/') {
      event.preventDefault();
      find();
    } else if (event.key === '?') {
      showShortcuts();
    }
  });
}

function isTyping(target) {
  return target.closest('input, textarea, select') !== null;
}

function find() {
  const field = () => document.querySelector('main input[type=search]');
  if (field()) return field().focus();
  window.addEventListener('hashchange', () => field()?.focus(), {once: true});
  location.hash = '#/stock';
}

export function showShortcuts() {
  const rows = [
    [['/'], 'keys.find'],
    [['g', 'o'], 'keys.overview'],
    [['g', 's'], 'keys.stock'],
    [['g', 'r'], 'keys.order'],
    [['↑', '↓'], 'keys.rows'],
    [['?'], 'keys.help'],
    [['Esc'], 'keys.close'],
  ];
  openDialog({
    title: t('keys.title'),
    body: h(
      'dl',
      {class: 'keys'},
      rows.map(([keys, text]) =>
        h(
          'div',
          {},
          h(
            'dt',
            {},
            keys.map((key) => h('kbd', {}, key)),
          ),
          h('dd', {}, t(text)),
        ),
      ),
    ),
  });
}
