// What somebody wants to change of a book's stock: the fields of restock and adjust.
import {h, icon} from '../dom.js';
import {t} from '../i18n.js';
import {readId} from '../ids.js';
import {readUnits} from '../units.js';

const kReasonBytes = 255;

// The fields; review(wanted) is called with what they say once it makes sense.
// wanted: {book, delta or null, setTo or null, reason}
export function changeForm(kind, book, review) {
  const bookField = field('change-book', t('word.book'), {
    inputmode: 'numeric',
    maxlength: '20',
    value: book ?? '',
  });
  const units = field('change-units', t(kind === 'restock' ? 'restock.units' : 'adjust.units'), {
    inputmode: 'numeric',
    maxlength: '12',
  });
  const reason = field(
    'change-reason',
    t('word.reason'),
    {maxlength: '255'},
    t('change.reason_help'),
  );
  const mode =
    kind === 'adjust'
      ? modeChoice((isCount) => {
          units.label.textContent = t(isCount ? 'adjust.count' : 'adjust.units');
        })
      : null;
  const problem = h('div', {role: 'alert', class: 'problem'});
  const next = h('button', {type: 'submit', class: 'primary'}, t('do.review'));
  const element = h(
    'form',
    {
      class: 'form',
      novalidate: true,
      on: {
        submit(event) {
          event.preventDefault();
          submit();
        },
      },
    },
    book ? null : bookField.element,
    mode?.element ?? null,
    units.element,
    reason.element,
    problem,
    h('div', {class: 'dialog-actions'}, next),
  );

  function submit() {
    const isCount = mode?.isCount() ?? false;
    const number = readUnits(units.input.value, {
      negative: kind === 'adjust' && !isCount,
      zero: isCount,
    });
    const wanted = {
      book: readId(bookField.input.value),
      reason: reason.input.value.trim(),
      setTo: isCount ? number : null,
      delta: isCount ? null : number,
    };
    const failed = firstFailed([
      [bookField, wanted.book !== null, 'change.no_book'],
      [units, number !== null, isCount ? 'change.no_count' : 'change.no_units'],
      [reason, wanted.reason !== '', 'change.no_reason'],
      [reason, bytesOf(wanted.reason) <= kReasonBytes, 'change.long_reason'],
    ]);
    if (!failed) return review(wanted);
    say(t(failed));
  }
  const say = (text) =>
    problem.replaceChildren(h('p', {class: 'note bad'}, icon('bad'), h('span', {}, text)));
  return {
    element,
    say,
    busy(is) {
      next.disabled = is;
      if (is) problem.replaceChildren();
    },
    focus() {
      (book ? units : bookField).input.focus();
    },
  };
}

// Marks the field of the first check that does not hold, goes there, and names what is to be said.
function firstFailed(checks) {
  for (const [{input}] of checks) input.removeAttribute('aria-invalid');
  const failed = checks.find(([, holds]) => !holds);
  if (!failed) return null;
  const [{input}, , text] = failed;
  input.setAttribute('aria-invalid', 'true');
  input.focus();
  return text;
}

function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}

function field(id, text, attributes, help) {
  const label = h('label', {for: id}, text);
  const input = h('input', {
    id,
    type: 'text',
    autocomplete: 'off',
    ...attributes,
    'aria-describedby': help ? `${id}-help` : null,
  });
  return {
    label,
    input,
    element: h(
      'div',
      {class: 'field'},
      label,
      input,
      help ? h('p', {class: 'help', id: `${id}-help`}, help) : null,
    ),
  };
}

function modeChoice(onChange) {
  const choice = (value, text, checked) => {
    const input = h('input', {
      type: 'radio',
      name: 'mode',
      value,
      checked,
      on: {change: () => onChange(value === 'set')},
    });
    return {input, element: h('label', {class: 'choice'}, input, h('span', {}, text))};
  };
  const by = choice('by', t('adjust.by'), true);
  const set = choice('set', t('adjust.set'), false);
  return {
    isCount: () => set.input.checked,
    element: h(
      'fieldset',
      {class: 'choices'},
      h('legend', {}, t('adjust.how')),
      by.element,
      set.element,
    ),
  };
}
