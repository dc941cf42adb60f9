// Restock and adjust: what is wanted, a look at what it comes to, and only then the change. A dialog
// has one Idempotency-Key, so a double click or another try never counts twice.
import {Fault, get, newKey, post} from '../api.js';
import {h, icon} from '../dom.js';
import {amount, signed} from '../format.js';
import {t} from '../i18n.js';
import {readId} from '../ids.js';
import {outcomeText} from '../outcomes.js';
import {openDialog} from './dialog.js';
import {note} from './notes.js';
import {faultText} from './parts.js';

const kMostUnits = 2_147_483_647;
const kReasonBytes = 255;

export function restockDialog(options) { openStockDialog('restock', options); }
export function adjustDialog(options) { openStockDialog('adjust', options); }

// book: the id, or null where it is asked for. onDone(id): the stock has changed.
function openStockDialog(kind, {book = null, onDone}) {
  const key = newKey();
  const body = h('div', {class: 'steps'});
  let sending = false;
  let changed = null;
  const {close} = openDialog({
    title: t(`${kind}.title`), body, canClose: () => !sending,
    onClose: () => { if (changed) onDone?.(changed); },
  });
  const form = changeForm(kind, book, review);
  const show = (content) => body.replaceChildren(content);
  show(form.element);
  form.focus();

  async function review(wanted) {
    form.busy(true);
    try {
      const answer = await get(`/stock?ids=${wanted.book}`);
      if (answer.code !== 0) return form.say(outcomeText(answer));
      show(confirmation(wanted, answer.stocks[0]));
    } catch (fault) {
      form.say(textOf(fault));
    } finally {
      form.busy(false);
    }
  }

  function confirmation(wanted, stock) {
    const before = stock.stock;
    const after = wanted.setTo ?? before + wanted.delta;
    const problem = h('div', {role: 'alert', class: 'problem'});
    const say = (text) => problem.replaceChildren(h('p', {class: 'note bad'}, icon('bad'), h('span', {}, text)));
    const back = h('button', {type: 'button', on: {click() { show(form.element); form.focus(); }}}, t('do.back'));
    const doIt = h('button', {type: 'button', class: 'primary', id: 'confirm'}, t(`${kind}.do`));
    doIt.addEventListener('click', async () => {
      if (sending) return;
      sending = back.disabled = doIt.disabled = true;
      try {
        const answer = await send(kind, wanted, before, key);
        if (answer.code !== 0) return say(outcomeText(answer));
        changed = wanted.book;
        note(t(`${kind}.done`, {book: wanted.book, stock: amount(answer.current_stock)}));
        sending = false;
        close();
      } catch (fault) {
        const unknown = fault instanceof Fault && fault.mayBeDone;
        say(`${textOf(fault)} ${t(unknown ? 'change.unknown' : 'change.not_done')}`);
        doIt.textContent = t('do.again');
      } finally {
        sending = back.disabled = doIt.disabled = false;
      }
    });
    queueMicrotask(() => doIt.focus());
    return h('div', {class: 'form'},
        stock.code === 40401 ? h('p', {class: 'note warn'}, icon('warn'), h('span', {}, t('change.new_book', {book: wanted.book}))) : null,
        h('dl', {class: 'facts'},
            fact(t('word.book'), wanted.book),
            fact(t('word.available'), h('span', {class: 'from-to'}, amount(before), icon('right'),
                                        h('strong', {}, amount(after)), h('span', {class: 'muted'}, ` ${signed(after - before)}`))),
            fact(t('word.reason'), wanted.reason)),
        problem,
        h('div', {class: 'dialog-actions'}, back, doIt));
  }
}

function textOf(problem) {
  return problem instanceof Fault ? faultText(problem) : String(problem.message);
}

function fact(name, value) {
  return h('div', {}, h('dt', {}, name), h('dd', {}, value));
}

function send(kind, wanted, before, key) {
  if (kind === 'restock') {
    return post('/restock', {book_id: wanted.book, quantity: wanted.delta, remark: wanted.reason}, key);
  }
  // A count holds only as long as nobody sold in between.
  const change = wanted.setTo === null ? {delta: wanted.delta}
                                       : {set_to: wanted.setTo, expected_stock: before};
  return post('/adjust', {book_id: wanted.book, ...change, reason: wanted.reason}, key);
}

// The fields; review(wanted) is called with what they say once it makes sense.
// wanted: {book, delta or null, setTo or null, reason}
function changeForm(kind, book, review) {
  const bookField = field('change-book', t('word.book'), {inputmode: 'numeric', maxlength: '20', value: book ?? ''});
  const units = field('change-units', t(kind === 'restock' ? 'restock.units' : 'adjust.units'), {inputmode: 'numeric', maxlength: '12'});
  const reason = field('change-reason', t('word.reason'), {maxlength: '255'}, t('change.reason_help'));
  const mode = kind === 'adjust' ? modeChoice((setTo) => {
    units.label.textContent = t(setTo ? 'adjust.count' : 'adjust.units');
  }) : null;
  const problem = h('div', {role: 'alert', class: 'problem'});
  const next = h('button', {type: 'submit', class: 'primary'}, t('do.review'));
  const element = h('form', {class: 'form', novalidate: true, on: {submit(event) {
    event.preventDefault();
    submit();
  }}}, book ? null : bookField.element, mode?.element ?? null, units.element, reason.element, problem,
      h('div', {class: 'dialog-actions'}, next));

  function submit() {
    const setTo = mode?.isSetTo() ?? false;
    const wanted = {book: readId(bookField.input.value), reason: reason.input.value.trim(), setTo: null, delta: null};
    const number = readUnits(units.input.value, {negative: kind === 'adjust' && !setTo, zero: setTo});
    if (setTo) wanted.setTo = number;
    else wanted.delta = number;
    const checks = [
      [bookField, wanted.book !== null, 'change.no_book'],
      [units, number !== null, setTo ? 'change.no_count' : 'change.no_units'],
      [reason, wanted.reason !== '', 'change.no_reason'],
      [reason, new TextEncoder().encode(wanted.reason).length <= kReasonBytes, 'change.long_reason'],
    ];
    for (const [{input}] of checks) input.removeAttribute('aria-invalid');
    const failed = checks.find(([, holds]) => !holds);
    if (!failed) return review(wanted);
    failed[0].input.setAttribute('aria-invalid', 'true');
    say(t(failed[2]));
    failed[0].input.focus();
  }
  const say = (text) => problem.replaceChildren(h('p', {class: 'note bad'}, icon('bad'), h('span', {}, text)));
  return {
    element, say,
    busy(is) { next.disabled = is; if (is) problem.replaceChildren(); },
    focus() { (book ? units : bookField).input.focus(); },
  };
}

function field(id, text, attributes, help) {
  const label = h('label', {for: id}, text);
  const input = h('input', {id, type: 'text', autocomplete: 'off', ...attributes,
                            'aria-describedby': help ? `${id}-help` : null});
  return {label, input, element: h('div', {class: 'field'}, label, input,
                                   help ? h('p', {class: 'help', id: `${id}-help`}, help) : null)};
}

function modeChoice(onChange) {
  const choice = (value, text, checked) => {
    const input = h('input', {type: 'radio', name: 'mode', value, checked,
                              on: {change: () => onChange(value === 'set')}});
    return {input, element: h('label', {class: 'choice'}, input, h('span', {}, text))};
  };
  const by = choice('by', t('adjust.by'), true);
  const set = choice('set', t('adjust.set'), false);
  return {isSetTo: () => set.input.checked,
          element: h('fieldset', {class: 'choices'}, h('legend', {}, t('adjust.how')), by.element, set.element)};
}

// "1,200" or "-5"; null: no such number.
function readUnits(text, {negative, zero}) {
  const digits = text.trim().replace(/[,\s]/g, '').replace('−', '-');
  if (!(negative ? /^[+-]?\d{1,10}$/ : /^\+?\d{1,10}$/).test(digits)) return null;
  const number = Number(digits);
  return Math.abs(number) <= kMostUnits && (zero || number !== 0) ? number : null;
}
