// What is wrong, in words, or that all is well.
import {h, icon, setText} from '../dom.js';
import {diagnose} from '../diagnosis.js';
import {amount, rate} from '../format.js';
import {language, t} from '../i18n.js';
import {skeleton} from './parts.js';

// show(seen): what followVitals tells.
export function healthBox() {
  const box = h(
    'section',
    {class: 'health', 'aria-label': t('overview.health'), role: 'status'},
    skeleton(2),
  );
  let said = null;
  return {
    element: box,
    show(seen) {
      const findings = diagnose(seen);
      const saying = JSON.stringify([language(), findings.map(({name}) => name)]);
      // It is read aloud, so what stays true is not written anew; only its figures change.
      if (saying === said) return updateTitles(box, findings);
      said = saying;
      box.className = `health ${findings[0]?.level ?? 'ok'}`;
      box.replaceChildren(...(findings.length ? findings.map(findingBox) : [allIsWell()]));
    },
  };
}

function updateTitles(box, findings) {
  const titles = box.querySelectorAll('.finding-title');
  findings.forEach((finding, i) => setText(titles[i], titleOf(finding)));
}

function allIsWell() {
  return h(
    'div',
    {class: 'finding'},
    icon('ok'),
    h(
      'div',
      {},
      h('p', {class: 'finding-title'}, t('finding.none')),
      h('p', {}, t('finding.none.do')),
    ),
  );
}

function findingBox(finding) {
  const {level, name, alert} = finding;
  return h(
    'div',
    {class: `finding ${level}`},
    icon(level),
    h(
      'div',
      {},
      h('p', {class: 'finding-title'}, titleOf(finding)),
      h('p', {}, t(`finding.${name}.do`)),
      alert ? h('p', {class: 'finding-more'}, t('finding.alert', {alert})) : null,
    ),
  );
}

function titleOf({name, values}) {
  const shown = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, valueText(key, value)]),
  );
  return t(`finding.${name}`, shown);
}

function valueText(key, value) {
  if (key === 'rate') return rate(value);
  return key === 'status' || typeof value !== 'number' ? value : amount(value);
}
