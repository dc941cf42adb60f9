// Restock and adjust: what is wanted, a look at what it comes to, and only then the change.
import {Fault, get, newKey, post} from '../api.js';
import {h, icon} from '../dom.js';
import {amount, signed} from '../format.js';
import {t} from '../i18n.js';
import {outcomeText} from '../outcomes.js';
import {changeForm} from './change_form.js';
import {openDialog} from './dialog.js';
import {note} from './notes.js';
import {faultText} from './parts.js';

// book: the id, or null where it is asked for. onDone(id): the stock has changed.
export function restockDialog({book = null, onDone = () => {}}) {
  new StockDialog('restock', book, onDone);
}

export function adjustDialog({book = null, onDone = () => {}}) {
  new StockDialog('adjust', book, onDone);
}

class StockDialog {
  // One for all that is sent from here: a double click or another try never counts twice.
  #key = newKey();
  #kind;
  #form;
  #body = h('div', {});
  #close;
  #sending = false;
  #changed = null; // the book

  constructor(kind, book, onDone) {
    this.#kind = kind;
    this.#form = changeForm(kind, book, (wanted) => this.#review(wanted));
    const {close} = openDialog({
      title: t(`${kind}.title`),
      body: this.#body,
      canClose: () => !this.#sending,
      onClose: () => {
        if (this.#changed) onDone(this.#changed);
      },
    });
    this.#close = close;
    this.#showForm();
  }

  #showForm() {
    this.#body.replaceChildren(this.#form.element);
    this.#form.focus();
  }

  // Asked about as one of a list: "no such book" is then an ordinary answer.
  async #review(wanted) {
    this.#form.busy(true);
    try {
      const answer = await get(`/stock?ids=${wanted.book}`);
      if (answer.code === 0) this.#showConfirmation(wanted, answer.stocks[0]);
      else this.#form.say(outcomeText(answer));
    } catch (fault) {
      this.#form.say(textOf(fault));
    } finally {
      this.#form.busy(false);
    }
  }

  #showConfirmation(wanted, stock) {
    const problem = h('div', {role: 'alert', class: 'problem'});
    const back = h('button', {type: 'button', on: {click: () => this.#showForm()}}, t('do.back'));
    const confirm = h(
      'button',
      {type: 'button', class: 'primary', id: 'confirm'},
      t(`${this.#kind}.do`),
    );
    const say = (text) =>
      problem.replaceChildren(h('p', {class: 'note bad'}, icon('bad'), h('span', {}, text)));
    confirm.addEventListener('click', async () => {
      if (this.#sending) return;
      this.#sending = back.disabled = confirm.disabled = true;
      const refused = await this.#send(wanted, stock.stock);
      this.#sending = back.disabled = confirm.disabled = false;
      if (!refused) return this.#close();
      say(refused);
      confirm.textContent = t('do.again');
    });
    this.#body.replaceChildren(
      h(
        'div',
        {class: 'form'},
        stock.code === 40401 ? newBookNote(wanted.book) : null,
        whatItComesTo(wanted, stock.stock),
        problem,
        h('div', {class: 'dialog-actions'}, back, confirm),
      ),
    );
    confirm.focus();
  }

  // Why it was not done, or null.
  async #send(wanted, before) {
    try {
      const answer = await sendChange(this.#kind, wanted, before, this.#key);
      if (answer.code !== 0) return outcomeText(answer);
      this.#changed = wanted.book;
      note(t(`${this.#kind}.done`, {book: wanted.book, stock: amount(answer.current_stock)}));
      return null;
    } catch (fault) {
      const unknown = fault instanceof Fault && fault.mayBeDone;
      return `${textOf(fault)} ${t(unknown ? 'change.unknown' : 'change.not_done')}`;
    }
  }
}

function sendChange(kind, {book, delta, setTo, reason}, before, key) {
  if (kind === 'restock')
    return post('/restock', {book_id: book, quantity: delta, remark: reason}, key);
  // A count holds only as long as nobody sold in between.
  const change = setTo === null ? {delta} : {set_to: setTo, expected_stock: before};
  return post('/adjust', {book_id: book, ...change, reason}, key);
}

function textOf(problem) {
  return problem instanceof Fault ? faultText(problem) : String(problem.message);
}

function newBookNote(book) {
  return h('p', {class: 'note warn'}, icon('warn'), h('span', {}, t('change.new_book', {book})));
}

function whatItComesTo({book, delta, setTo, reason}, before) {
  const after = setTo ?? before + delta;
  const change = h('span', {class: 'muted'}, ` ${signed(after - before)}`);
  const fact = (name, value) => h('div', {}, h('dt', {}, t(`word.${name}`)), h('dd', {}, value));
  return h(
    'dl',
    {class: 'facts'},
    fact('book', book),
    fact(
      'available',
      h(
        'span',
        {class: 'from-to'},
        amount(before),
        icon('right'),
        h('strong', {}, amount(after)),
        change,
      ),
    ),
    fact('reason', reason),
  );
}
