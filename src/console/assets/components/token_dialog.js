// Asks for the access token that the service wants.
import {h, icon} from '../dom.js';
import {t} from '../i18n.js';
import {openDialog} from './dialog.js';

// `refused`: the one that was sent is not taken. Resolves to what was typed, or null.
export function askForToken(refused) {
  return new Promise((resolve) => {
    let given = null;
    const input = h('input', {
      id: 'token',
      type: 'password',
      autocomplete: 'off',
      required: true,
      spellcheck: 'false',
      'aria-describedby': 'token-help',
    });
    const form = h(
      'form',
      {
        class: 'form',
        novalidate: true,
        on: {
          submit(event) {
            event.preventDefault();
            if (input.value.trim() === '') return input.focus();
            given = input.value.trim();
            close();
          },
        },
      },
      refused
        ? h('p', {class: 'note bad', role: 'alert'}, icon('bad'), h('span', {}, t('token.refused')))
        : null,
      h('label', {for: 'token'}, t('token.label')),
      input,
      h('p', {class: 'help', id: 'token-help'}, t('token.help')),
      h(
        'div',
        {class: 'dialog-actions'},
        h('button', {type: 'submit', class: 'primary'}, t('token.use')),
      ),
    );
    const {close} = openDialog({
      title: t('token.title'),
      body: form,
      onClose: () => resolve(given),
    });
    input.focus();
  });
}
