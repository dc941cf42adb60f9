// The language and its texts. en.js and zh.js have the same keys; a test holds them to it.
import en from './en.js';
import zh from './zh.js';

const kCatalogues = {en, zh};
const kStored = 'inventory.language';

function preferred() {
  const chosen = localStorage.getItem(kStored);
  if (chosen in kCatalogues) return chosen;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

let current = preferred();

export function language() {
  return current;
}

export function locale() {
  return current === 'zh' ? 'zh-CN' : 'en-GB';
}

export function setLanguage(name) {
  current = name;
  localStorage.setItem(kStored, name);
  document.documentElement.lang = locale();
}

// The text of the key, its {places} filled.
export function t(key, values = {}) {
  const text = kCatalogues[current][key];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function hasText(key) {
  return key in en;
}
