// The theme: the system's, or one that was chosen. Who draws by themselves hear of a change.
const kStored = 'inventory.theme';
const kNext = {auto: 'light', light: 'dark', dark: 'auto'};
const kSystem = matchMedia('(prefers-color-scheme: dark)');

const listeners = new Set();
kSystem.addEventListener('change', tell);

export function theme() {
  return document.documentElement.dataset.theme ?? 'auto';
}

export function nextTheme() {
  const name = kNext[theme()];
  if (name === 'auto') {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem(kStored);
  } else {
    document.documentElement.dataset.theme = name;
    localStorage.setItem(kStored, name);
  }
  tell();
}

// Until the signal ends.
export function onThemeChange(listener, signal) {
  listeners.add(listener);
  signal.addEventListener('abort', () => listeners.delete(listener));
}

function tell() {
  for (const listener of listeners) listener();
}
