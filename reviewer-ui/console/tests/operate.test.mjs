// What the operators' pages think about without a page: policy texts, numbers, words.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { faultOf, plainTrouble } from '../src/operate/faults.ts';
import { between, contrast, onPages, numberIn, probit, stepOf, window } from '../src/operate/numbers.ts';
import { nextName, read, write } from '../src/operate/toml.ts';
import boardsEn from '../src/texts/boards.en.ts';
import boardsFr from '../src/texts/boards.fr.ts';
import integratorsEn from '../src/texts/integrators.en.ts';
import integratorsFr from '../src/texts/integrators.fr.ts';
import policyEn from '../src/texts/policy.en.ts';
import policyFr from '../src/texts/policy.fr.ts';

const file = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const DEFAULT = file('../../../pipeline/domain/policy/default.toml');

test('a policy is changed where its values stand, and nothing else of the text is', () => {
  const before = read(DEFAULT);
  assert.equal(before.thresholds.liveness_accept, 0.6);
  assert.deepEqual(before.checks.lip_sync, { role: 'advisory', on_fail: 'review' });
  const wanted = { version: 'neu "1"', checks: { ...before.checks, lip_sync: { role: 'required', on_fail: 'refuse' } }, thresholds: { ...before.thresholds, liveness_accept: 0.75, face_match_accept: 6 } };
  const made = write(DEFAULT, wanted);
  assert.deepEqual(read(made), wanted);
  const [a, b] = [DEFAULT.split('\n'), made.split('\n')];
  assert.equal(a.length, b.length);
  const apart = b.filter((line, i) => line !== a[i]);
  assert.deepEqual(apart, ['version = "neu \\"1\\""', 'lip_sync          = { role = "required", on_fail = "refuse" }', 'face_match_accept = 6.0', 'liveness_accept = 0.75']);
  assert.equal(write(made, before), DEFAULT);
});

test('a threshold that had its default is written down, and texts of another shape are kept true', () => {
  const short = 'version = "1"\n[checks]\nliveness = { role = "required", on_fail = "refuse" } # no lower\n[thresholds]\n# why\nface_width = 80.0 # pixels\n';
  const with_ = (text, thresholds) => ({ ...read(text), thresholds });
  assert.equal(write(short, with_(short, { liveness_accept: 0.7, face_width: 90 })), short.replace('[thresholds]', '[thresholds]\nliveness_accept = 0.7').replace('80.0', '90.0'));
  // Tables instead of lines: written anew, with the same meaning.
  const other = 'version = "1"\n[checks.liveness]\nrole = "required"\non_fail = "refuse"\n[thresholds]\nface_width = 80\n[[face_calibration]]\npair = "portrait"\n';
  const wanted = { version: '2', checks: { liveness: { role: 'required', on_fail: 'review' } }, thresholds: { face_width: 70 } };
  const made = write(other, wanted);
  assert.deepEqual(read(made), wanted);
  assert.match(made, /portrait/);
  assert.equal(read('version = '), null);
  assert.equal(write('version = ', wanted), 'version = ');
});

test('the next name counts on and is never one that is taken', () => {
  assert.equal(nextName('2026-11-1', []), '2026-11-2');
  assert.equal(nextName('2026-11-9', ['2026-11-10']), '2026-11-11');
  assert.equal(nextName('ours', ['ours-2']), 'ours-3');
});

test('the normal deviate is right to nine digits, at the middle, in the tails and beyond', () => {
  assert.equal(probit(0.5), 0);
  assert.ok(Math.abs(probit(0.975) - 1.959963984540054) < 1e-8);
  assert.ok(Math.abs(probit(1e-4) + 3.719016485455709) < 1e-8);
  assert.equal(probit(0), -Infinity);
  assert.equal(probit(1), Infinity);
});

const bin = (from, to, accept, review = 0) => ({ from, to, accept, review, refuse: 0, retake: 0 });
const threshold = (more) => ({ min: 0, max: 100, value: 5, default: 5, histogram: { bins: [bin(0, 1, 0), bin(1, 2, 10), bin(2, 3, 0, 4)] }, ...more });

test('cases between two values are counted, a bin cut through by its share', () => {
  const { bins } = threshold().histogram;
  assert.equal(between(bins, 1, 3), 14);
  assert.equal(between(bins, 2.5, 1.5), 7);
  assert.equal(between(bins, 5, 9), 0);
});

test('a slider covers what matters of the range, and never more than the range', () => {
  const [low, high] = window(threshold(), 5);
  assert.ok(low >= 0 && low < 1 && high > 5 && high < 10);
  assert.deepEqual(window(threshold({ max: 5 }), 5)[1], 5);
  assert.equal(window(threshold(), 60)[1] > 60, true);
  assert.deepEqual([stepOf(0, 1), stepOf(-50, 0), stepOf(0, 1000)], [0.005, 0.2, 5]);
});

test('numbers are read as both languages write them; what is none is none', () => {
  assert.deepEqual(['0,5', ' 0.5 ', '−6', '1e-3', '.5'].map(numberIn), [0.5, 0.5, -6, 0.001, 0.5]);
  for (const text of ['', '0.5.1', 'abc', 'NaN', 'Infinity', '1 000']) assert.equal(numberIn(text), null, text);
});

test('the contrast of two colours is that of WCAG', () => {
  assert.ok(Math.abs(contrast('#000000', '#ffffff') - 21) < 1e-9);
  assert.ok(Math.abs(contrast('#767676', '#FFFFFF') - 4.54) < 0.01);
  // As the service counts it (pipeline/domain/src/branding.rs).
  assert.equal(onPages('#0b5d8a').toFixed(2), '5.92');
  assert.ok(onPages('#6a6a6a') >= 4.5 && onPages('#6d6d6d') < 4.5);
  for (const none of ['', '#fff', 'red', '#gggggg']) assert.equal(contrast(none, '#ffffff'), null);
});

test('what is wrong with a field stands beside it, and only there', () => {
  const problem = { fields: [{ pointer: '/name', code: 'taken' }] };
  assert.equal(faultOf(problem, '/name', { taken: 'Taken.' }), 'Taken.');
  assert.equal(faultOf(problem, '/name', { invalid: 'No.' }), 'No.');
  assert.equal(faultOf(problem, '/other', {}), undefined);
  assert.equal(plainTrouble(problem, ['/name']), null);
  assert.equal(plainTrouble(problem, ['/other']), problem);
  assert.equal(plainTrouble({ fields: [] }, ['/name']).fields.length, 0);
});

test('the operators’ pages say everything in both languages, and every unit of the thresholds', () => {
  const flat = (value, path = '') => (value && typeof value === 'object' ? Object.entries(value).flatMap(([k, v]) => flat(v, `${path}.${k}`)) : [[path, value]]);
  for (const [french, english] of [[policyFr, policyEn], [boardsFr, boardsEn], [integratorsFr, integratorsEn]]) {
    const [f, e] = [new Map(flat(french)), new Map(flat(english))];
    assert.deepEqual([...f.keys()].sort(), [...e.keys()].sort());
    for (const [path, value] of f) assert.notEqual(typeof value === 'string' ? value.trim() : value, '', path);
    const same = [...f].filter(([path, value]) => typeof value === 'string' && value.length > 14 && value === e.get(path)).map(([path]) => path);
    assert.deepEqual(same, []);
  }
  const units = [...file('../../../pipeline/domain/src/thresholds.rs').matchAll(/^ {4}\w+ = [-\d.]+, [-\d.]+\.\.=[-\d.]+, "([^"]+)"/gm)].map(([, unit]) => unit);
  assert.ok(units.length > 35);
  for (const words of [policyFr, policyEn]) assert.deepEqual(units.filter((unit) => !words.units[unit]), []);
});
