import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookUp } from '../src/lib/communes.ts';
import { list } from '../../scripts/communes.mjs';

const all = list();
const names = (typed) => lookUp(all, typed).map((c) => `${c.name} (${c.department})`);

test('accents, hyphens, apostrophes and capitals do not matter', () => {
  assert.deepEqual(names('chateauneuf du pape'), ['Châteauneuf-du-Pape (Vaucluse)']);
  assert.equal(names('SETE')[0], 'Sète (Hérault)');
  assert.equal(names('l hay')[0], 'L\'Haÿ-les-Roses (Val-de-Marne)');
  assert.equal(names('L’Haÿ')[0], 'L\'Haÿ-les-Roses (Val-de-Marne)');
  assert.deepEqual(names('oeuilly'), ['Œuilly (Aisne)', 'Œuilly (Marne)']);
});

test('St and Ste stand for Saint and Sainte; the article may be left out', () => {
  assert.deepEqual(names('st denis').slice(0, 2), ['Saint-Denis (Seine-Saint-Denis)', 'Saint-Denis (La Réunion)']);
  assert.equal(names('ste marie').length, 6);
  assert.equal(names('havre')[0], 'Le Havre (Seine-Maritime)');
});

test('large communes come first, and never more than a few', () => {
  assert.equal(names('montpel')[0], 'Montpellier (Hérault)');
  assert.equal(names('saint').length, 6);
});

test('arrondissements, communes merged into others, and those overseas are there', () => {
  assert.deepEqual(names('Paris 15'), ['Paris 15e Arrondissement (Paris)']);
  assert.ok(names('arbignieu').includes('Arbignieu (Ain)'));
  assert.ok(names('nouméa').includes('Nouméa (Nouvelle-Calédonie)'));
  assert.ok(names('papeete').includes('Papeete (Polynésie française)'));
});

test('what is in no list finds nothing, and so does what is no word', () => {
  for (const typed of ['', 'x', 'Xyzzy', '((((', '.*', '\\']) assert.deepEqual(names(typed), [], typed);
});

test('every department’s line is found as no commune', () => {
  for (const line of all.split('\n').filter((l) => l.startsWith('#'))) {
    assert.ok(line.length > 2, line);
    for (const c of lookUp(all, line.slice(1))) assert.ok(!c.name.startsWith('#'));
  }
});
