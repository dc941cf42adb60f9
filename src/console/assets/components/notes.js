// Short notes about what was done, shown for a while and read aloud.
import {h, icon} from '../dom.js';

const kShownMs = 6_000;

export function note(text, level = 'ok') {
  const line = h('p', {class: `note ${level}`}, icon(level), h('span', {}, text));
  document.getElementById('notes').append(line);
  setTimeout(() => line.remove(), kShownMs);
}
