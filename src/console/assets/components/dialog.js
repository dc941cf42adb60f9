// A modal dialog: the browser keeps the focus inside, gives it back, and closes it on Escape.
import {h, icon} from '../dom.js';
import {t} from '../i18n.js';

let count = 0;

// body: the elements below the title. close() ends it; onClose is told, whoever closed it.
export function openDialog({title, body, onClose, canClose = () => true}) {
  const id = `dialog-${++count}`;
  const dialog = h(
    'dialog',
    {'aria-labelledby': id, class: 'dialog'},
    h(
      'div',
      {class: 'dialog-head'},
      h('h2', {id}, title),
      h(
        'button',
        {
          type: 'button',
          class: 'quiet icon-only',
          'aria-label': t('do.close'),
          on: {
            click() {
              if (canClose()) dialog.close();
            },
          },
        },
        icon('close'),
      ),
    ),
    body,
  );
  dialog.addEventListener('cancel', (event) => {
    if (!canClose()) event.preventDefault();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return {dialog, close: () => dialog.close()};
}
