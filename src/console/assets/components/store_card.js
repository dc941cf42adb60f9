// Which store it is, what it promises, and every figure that it tells.
import {h, setText} from '../dom.js';
import {amount, bytes, duration, moment, rate} from '../format.js';
import {hasText, t} from '../i18n.js';
import {card, skeleton} from './parts.js';

// show(status): GetStatus.
export function storeCards() {
  const waiting = [skeleton(5), skeleton(5)];
  const facts = factList();
  const figures = figureTable();
  return {
    element: h(
      'div',
      {class: 'two uneven'},
      card(t('overview.store'), waiting[0], facts.element),
      card(t('overview.figures'), waiting[1], figures.element),
    ),
    show(status) {
      for (const bars of waiting) bars.remove();
      facts.show(status);
      figures.show(status.figures);
    },
  };
}

function factList() {
  const values = Object.fromEntries(
    ['store', 'durability', 'location', 'uptime', 'version'].map((name) => [name, h('dd', {})]),
  );
  const element = h(
    'dl',
    {class: 'facts', hidden: true},
    Object.entries(values).map(([name, value]) =>
      h('div', {}, h('dt', {}, t(`fact.${name}`)), value),
    ),
  );
  return {
    element,
    show(status) {
      element.hidden = false;
      const time = duration(status.now_ms - status.started_at_ms);
      setText(values.store, status.store);
      setText(values.durability, status.durability);
      setText(values.location, status.location);
      setText(values.uptime, t('fact.uptime_text', {time, since: moment(status.started_at_ms)}));
      setText(values.version, `${status.version} (${status.commit.slice(0, 12)})`);
    },
  };
}

function figureTable() {
  const rows = h('tbody', {});
  const cells = new Map();
  const heads = [
    ['figure', null],
    ['value', 'number'],
    ['meaning', 'meaning'],
  ];
  const element = h(
    'table',
    {class: 'status-figures', hidden: true},
    h('caption', {class: 'unseen'}, t('overview.figures')),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        heads.map(([name, look]) => h('th', {scope: 'col', class: look}, t(`overview.${name}`))),
      ),
    ),
    rows,
  );
  return {
    element,
    show(figures) {
      element.hidden = false;
      for (const figure of figures) {
        const {name, help} = figure;
        if (!cells.has(name)) {
          cells.set(name, h('td', {class: 'number'}));
          rows.append(
            h(
              'tr',
              {},
              h('th', {scope: 'row'}, name.replaceAll('_', ' ')),
              cells.get(name),
              h('td', {class: 'meaning muted'}, meaning(name, help)),
            ),
          );
        }
        setText(cells.get(name), figureText(figure));
      }
    },
  };
}

// The figures that are bytes or times are said so; the rest are counts, or numbers of something.
function figureText({name, value, unit}) {
  if (unit === 'bytes') return bytes(value);
  if (unit === 'ms') return duration(Number(value));
  if (unit === 'us') return `${rate(Number(value) / 1000)} ms`;
  return name === 'epoch' || name.endsWith('_record') ? String(value) : amount(value);
}

// The service's own help is English; the catalogue may have it in the reader's language.
function meaning(name, help) {
  return hasText(`figure.${name}`) ? t(`figure.${name}`) : help;
}
