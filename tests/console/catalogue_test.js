// The texts: both languages have the same ones, and the code asks for no others.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {fileURLToPath} from 'node:url';

import en from '../../src/console/assets/en.js';
import zh from '../../src/console/assets/zh.js';

const folder = fileURLToPath(new URL('../../src/console/assets', import.meta.url));
const modules = fs
  .readdirSync(folder, {recursive: true})
  .filter((name) => name.endsWith('.js') && !/^(en|zh)\.js$/.test(name))
  .map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));
const code = modules.join('\n');

function places(text) {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
}

test('both languages have the same texts', () => {
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
});

test('a text has the same places in both', () => {
  for (const [key, text] of Object.entries(en)) {
    assert.deepEqual(places(zh[key]), places(text), key);
    assert.notEqual(zh[key].trim(), '', key);
  }
});

// t('a.b') in full, or t(`a.${b}`) by what it begins and ends with.
function asked() {
  const patterns = [];
  for (const [, key] of code.matchAll(/'([a-z_]+\.[\w.]+)'/g)) {
    if (!/^(inventory\.|.*\.js$)/.test(key))
      patterns.push(new RegExp(`^${key.replaceAll('.', '\\.')}$`));
  }
  for (const [, key] of code.matchAll(
    /`((?:[a-z_]+\.)?\$\{[^}]+\}[\w.]*|[a-z_]+\.\$\{[^}]+\}[\w.]*)`/g,
  )) {
    const shape = key.split(/\$\{[^}]+\}/).map((part) => part.replaceAll('.', '\\.'));
    patterns.push(new RegExp(`^${shape.join('[\\w.]+')}$`));
  }
  return patterns;
}

test('every text is asked for', () => {
  const patterns = asked();
  const unused = Object.keys(en).filter((key) => !patterns.some((pattern) => pattern.test(key)));
  assert.deepEqual(unused, []);
});

test('every text that is asked for by its name is there', () => {
  const missing = [...code.matchAll(/\bt\('([^']+)'/g)]
    .map(([, key]) => key)
    .filter((key) => !(key in en));
  assert.deepEqual(missing, []);
});

test('every finding says what it is and what to do', () => {
  const names = [...code.matchAll(/'(?:bad|warn)', '(\w+)'/g)].map(([, name]) => name);
  assert.ok(names.length > 10);
  for (const name of [...names, 'unreachable', 'fault', 'no_token', 'wrong_role']) {
    assert.ok(`finding.${name}` in en && `finding.${name}.do` in en, name);
  }
});
