// Elements without markup in texts: what comes from the service can never become code.

// h('button', {class: 'primary', on: {click}, disabled: true}, 'Save', icon)
// A property whose value is null, undefined or false is left out; true is an empty attribute.
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value))
        element.addEventListener(event, listener);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Writes only what differs: a text that is written anew is read aloud anew, and may lose a selection.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const kShapes = {
  overview: ['M3 13h4l3-8 4 14 3-6h4'],
  stock: ['M4 8l8-4 8 4v8l-8 4-8-4z', 'M4 8l8 4 8-4M12 12v8'],
  order: ['M7 3h10a1 1 0 0 1 1 1v17l-3-2-3 2-3-2-3 2V4a1 1 0 0 1 1-1z', 'M9.5 8h5M9.5 12h5'],
  search: ['M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14z', 'M16 16l4.5 4.5'],
  ok: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z', 'M8 12.3l2.8 2.7L16 9.5'],
  warn: ['M12 4 2.8 19.5h18.4z', 'M12 10v4.5M12 17v.2'],
  bad: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z', 'M9 9l6 6M15 9l-6 6'],
  clock: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z', 'M12 7.5V12l3 2'],
  plus: ['M12 5v14M5 12h14'],
  edit: ['M4 20h4L19 9l-4-4L4 16z'],
  close: ['M6 6l12 12M18 6L6 18'],
  sun: [
    'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
    'M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  ],
  moon: ['M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z'],
  auto: ['M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z', 'M12 3v18M12 8l7.5-2M12 13h9M12 18l6.5 1'],
  keyboard: ['M3 7h18v11H3z', 'M7 11h.1M11 11h.1M15 11h.1M8 14.5h8'],
  up: ['M12 19V5M6 11l6-6 6 6'],
  down: ['M12 5v14M6 13l6 6 6-6'],
  right: ['M9 5l7 7-7 7'],
  lock: ['M6 11h12v9H6z', 'M8.5 11V8a3.5 3.5 0 0 1 7 0v3'],
  key: ['M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8z', 'M11 12.5 20 4M16 8l3 3'],
  undo: ['M9 7H15a5 5 0 0 1 0 10H8', 'M12 3.5 8.5 7l3.5 3.5'],
};

// A drawing beside a text that says the same.
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  for (const [key, value] of Object.entries({
    viewBox: '0 0 24 24',
    class: 'icon',
    'aria-hidden': 'true',
  })) {
    svg.setAttribute(key, value);
  }
  for (const shape of kShapes[name]) {
    const path = document.createElementNS(space, 'path');
    path.setAttribute('d', shape);
    svg.append(path);
  }
  return svg;
}
