import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import en from '../src/texts/en.ts';
import fr from '../src/texts/fr.ts';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const quoted = (text, pattern) => [...text.matchAll(pattern)].map((m) => m[1]);

test('every reason of the one table has its words in both languages', () => {
  const codes = quoted(read('../../../pipeline/domain/src/reason.rs'), /^ {4}\w+ = "(\w+)",/gm).sort();
  assert.ok(codes.length > 35);
  for (const words of [fr, en]) assert.deepEqual(codes.filter((code) => !words.reasons[code]), []);
  assert.equal(fr.reasons.no_such_reason, undefined);
});

test('every check and every state has its words', () => {
  const checks = quoted(read('../../../pipeline/domain/src/check.rs'), /Self::\w+ => "(\w+)",/g).filter((name) => /_|liveness/.test(name));
  for (const words of [fr, en]) for (const name of checks) assert.ok(words.checks[name], name);
});

test('both languages say everything, and nothing is left untranslated by mistake', () => {
  const flat = (value, path = '') =>
    value && typeof value === 'object' ? Object.entries(value).flatMap(([k, v]) => flat(v, `${path}.${k}`)) : [[path, value]];
  const [french, english] = [new Map(flat(fr)), new Map(flat(en))];
  assert.deepEqual([...french.keys()].sort(), [...english.keys()].sort());
  for (const [path, value] of french) assert.notEqual(typeof value === 'string' ? value.trim() : value, '', path);
  const same = [...french].filter(([path, value]) => typeof value === 'string' && value.length > 14 && value === english.get(path)).map(([path]) => path);
  assert.deepEqual(same, []);
});

test('no text is put into a page as markup', () => {
  const root = new URL('../src/', import.meta.url);
  const files = readdirSync(root, { recursive: true }).filter((f) => /\.(svelte|ts)$/.test(f));
  assert.ok(files.length > 40);
  for (const file of files) assert.doesNotMatch(readFileSync(new URL(file, root), 'utf8'), /\{@html|innerHTML|insertAdjacentHTML|document\.write/, file);
});
