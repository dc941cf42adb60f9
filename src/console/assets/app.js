// The console: a frame that stays, and in it the view that the address names.
import {askForAnother, mayAskAgain, setTokenDialog} from './token.js';
import {askForToken} from './components/token_dialog.js';
import {buildFrame} from './components/frame.js';
import {listenForShortcuts} from './components/shortcuts.js';
import {language, setLanguage} from './i18n.js';
import {readId} from './ids.js';
import * as book from './views/book.js';
import * as order from './views/order.js';
import * as overview from './views/overview.js';
import * as stock from './views/stock.js';

const kViews = {overview, stock, book, order};

let frame = null;
let leave = null; // ends what the view began

// "#/book/42": ['book', '42']. What is no such address is the overview.
function route() {
  const [name = '', argument = ''] = location.hash.replace(/^#\/?/, '').split('/');
  const id = readId(argument);
  if (name === 'book' && id) return ['book', id];
  if (name === 'order') return ['order', id];
  return [name === 'stock' ? 'stock' : 'overview', null];
}

function show({takeFocus}) {
  leave?.();
  mayAskAgain();
  const [name, id] = route();
  const view = kViews[name];
  document.title = `${view.title(id)} · inventory-service`;
  frame.select(name);
  const ended = new AbortController();
  const content = view.build(id, ended.signal);
  leave = () => ended.abort();
  frame.main.dataset.page = id ? `${name}/${id}` : name;
  frame.main.replaceChildren(content);
  if (!takeFocus) return;
  window.scrollTo(0, 0);
  content.querySelector('h1').focus();
}

function build() {
  frame = buildFrame({
    changeLanguage(name) {
      setLanguage(name);
      build();
    },
    async changeToken() {
      if (await askForAnother()) show({takeFocus: false});
    },
  });
  document.body.replaceChildren(...frame.parts);
  show({takeFocus: false});
}

setLanguage(language());
setTokenDialog(askForToken);
build();
listenForShortcuts();
window.addEventListener('hashchange', () => show({takeFocus: true}));
