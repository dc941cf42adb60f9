// What stands around every view: where one can go, the language, the theme, what was said.
import {h, icon} from '../dom.js';
import {language, t} from '../i18n.js';
import {onToken} from '../token.js';
import {showShortcuts} from './shortcuts.js';
import {nextTheme, theme} from './theme_switch.js';

const kPlaces = [
  ['overview', '#/overview'],
  ['stock', '#/stock'],
  ['order', '#/order'],
];
// A book is found on the page of the stock.
const kPlaceOf = {book: 'stock'};

// parts: what the body holds; main: where the view goes; select(view): marks where one is.
export function buildFrame({changeLanguage, changeToken}) {
  const links = new Map(
    kPlaces.map(([name, href]) => [
      name,
      h('a', {href, class: 'place'}, icon(name), h('span', {}, t(`place.${name}`))),
    ]),
  );
  const main = h('main', {id: 'main', tabindex: '-1'});
  const skip = h(
    'a',
    {
      href: '#main',
      class: 'skip',
      on: {
        click(event) {
          event.preventDefault();
          main.focus();
        },
      },
    },
    t('frame.skip'),
  );
  const parts = [
    skip,
    h(
      'header',
      {class: 'bar'},
      h(
        'a',
        {href: '#/overview', class: 'brand'},
        brandMark(),
        h('span', {}, 'inventory', h('span', {class: 'brand-tail'}, '-service')),
      ),
      h('nav', {class: 'places', 'aria-label': t('frame.places')}, [...links.values()]),
      h(
        'div',
        {class: 'settings'},
        languageSwitch(changeLanguage),
        themeSwitch(),
        tokenButton(changeToken),
        shortcutsButton(),
      ),
    ),
    main,
    h('div', {class: 'notes', id: 'notes', role: 'status', 'aria-live': 'polite'}),
  ];
  return {
    parts,
    main,
    select(view) {
      const place = kPlaceOf[view] ?? view;
      for (const [name, link] of links) {
        if (name === place) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
    },
  };
}

function brandMark() {
  const mark = icon('stock');
  mark.classList.add('brand-mark');
  return mark;
}

function languageSwitch(change) {
  const other = language() === 'zh' ? 'en' : 'zh';
  const name = {en: 'English', zh: '中文'}[other];
  return h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      id: 'language',
      lang: other,
      on: {
        click() {
          change(other);
          document.getElementById('language').focus();
        },
      },
    },
    name,
  );
}

function themeSwitch() {
  const button = h('button', {type: 'button', class: 'quiet icon-only', id: 'theme'});
  const draw = () => {
    const name = theme();
    const label = `${t('frame.theme')}: ${t(`theme.${name}`)}`;
    button.setAttribute('aria-label', label);
    button.title = label;
    button.replaceChildren(icon({auto: 'auto', light: 'sun', dark: 'moon'}[name]));
  };
  button.addEventListener('click', () => {
    nextTheme();
    draw();
  });
  draw();
  return button;
}

// Where there is a token, another one can take its place: perhaps one that may do more.
function tokenButton(change) {
  const button = h(
    'button',
    {
      type: 'button',
      class: 'quiet icon-only',
      id: 'change-token',
      title: t('token.other'),
      'aria-label': t('token.other'),
      on: {click: change},
    },
    icon('key'),
  );
  onToken((token) => {
    button.hidden = token === '';
  });
  return button;
}

function shortcutsButton() {
  return h(
    'button',
    {
      type: 'button',
      class: 'quiet icon-only wide-only',
      title: t('keys.title'),
      'aria-label': t('keys.title'),
      on: {click: showShortcuts},
    },
    icon('keyboard'),
  );
}
