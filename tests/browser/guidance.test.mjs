// Live guidance on the video screen: what it says, that it comes only there, and that the way needs it not.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { caseAt } from './cases.mjs';
import { base, browser, stopBase, visit } from './harness.mjs';
import { face, room, voice } from './media.mjs';
import { Applicant } from './steps.mjs';

after(stopBase);

const HEAVY = /\/models\/|\.wasm|detector/;

async function levels(t, { video = face(), language = 'fr', init, before } = {}) {
  const answer = await fetch(`${await base()}/models/face_detector.onnx`, { method: 'HEAD' });
  assert.equal(answer.status, 200, 'no model for the guidance: run `make models`');
  const chrome = await browser({ video, audio: voice(language) });
  t.after(() => chrome.close());
  const page = await visit(chrome, { token: await caseAt('video', language), language, init });
  const heavy = [];
  page.on('request', (r) => HEAVY.test(r.url()) && heavy.push(new URL(r.url()).pathname));
  await before?.(page);
  const me = new Applicant(page, language, 'phone');
  await me.at(me.words.film);
  await page.waitForTimeout(500);
  assert.deepEqual(heavy, [], 'nothing of it comes before the video screen');
  await me.press(me.words.ready);
  await me.at(me.words.levels);
  return { me, page, heavy };
}
const says = (page, text) => page.locator('.hint-line', { hasText: text }).waitFor({ timeout: 20_000 });

for (const [where, fr, en] of [
  ['well', 'Bien placé', 'Well placed'],
  ['far', 'Approchez-vous', 'Move closer'],
  ['near', 'Reculez un peu', 'Move back a little'],
  ['aside', 'au milieu', 'in the middle'],
  ['two', 'Une seule personne', 'Only one person'],
]) {
  test(`a face that is placed ${where}`, async (t) => {
    const { me, page } = await levels(t, { video: face(where) });
    await says(page, fr);
    await me.look(`17-levels-${where}`);
    await page.getByRole('button', { name: me.words.other }).click();
    await says(page, en);
  });
}

test('nobody there: told to come into the oval, and may film all the same', async (t) => {
  const { me, page } = await levels(t, { video: room() });
  await says(page, 'Mettez votre visage dans l’ovale');
  await me.look('17-levels-none');
  await me.press(me.words.startFilm);
  await page.locator('.filming .digit').waitFor({ timeout: 20_000 });
  await says(page, 'Mettez votre visage dans l’ovale');
  await me.look('18-digit-none');
});

test('whoever is well placed films without a word about it', async (t) => {
  const { me, page } = await levels(t);
  await says(page, 'Bien placé');
  await me.press(me.words.startFilm);
  await page.locator('.filming .digit').waitFor({ timeout: 20_000 });
  await page.waitForTimeout(3000);
  assert.equal(await page.locator('.filming .hint-line').isVisible(), false);
  await me.at(me.words.review);
});

test('without a model nothing more is fetched, and the way goes on', async (t) => {
  const { me, page, heavy } = await levels(t, { before: (page) => page.route('**/models/*', (r) => r.fulfill({ status: 404 })) });
  await page.getByText(me.words.heard).waitFor({ timeout: 20_000 });
  await page.waitForTimeout(1000);
  assert.ok(heavy.every((path) => !path.includes('.wasm')), `${heavy}`);
  assert.equal(await page.locator('.hint-line').count(), 0);
  await me.press(me.words.startFilm);
  await me.at(me.words.review);
});

test('a broken runtime is no trouble', async (t) => {
  const { me, page } = await levels(t, { before: (page) => page.route('**/*.wasm.gz', (r) => r.fulfill({ body: 'broken' })) });
  await page.getByText(me.words.heard).waitFor({ timeout: 20_000 });
  await me.press(me.words.startFilm);
  await me.at(me.words.review);
  assert.deepEqual(page.faults, []);
});

test('where data is to be saved nothing of it is fetched', async (t) => {
  const { me, page, heavy } = await levels(t, {
    init: () => Object.defineProperty(navigator, 'connection', { value: { saveData: true, effectiveType: '4g' } }),
  });
  await page.getByText(me.words.heard).waitFor({ timeout: 20_000 });
  assert.deepEqual(heavy, []);
});
