// The place of birth: looked up where it can be, typed where it cannot.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { caseAt } from './cases.mjs';
import { browser, COMPUTER, PHONE, stopBase, visit } from './harness.mjs';
import { Applicant } from './steps.mjs';

let chrome;
before(async () => void (chrome = await browser()));
after(async () => {
  await chrome?.close();
  await stopBase();
});

async function birth({ language = 'fr', size = PHONE, init } = {}) {
  const page = await visit(chrome, { language, size, token: await caseAt('type', language) });
  await init?.(page);
  const asked = [];
  page.on('request', (r) => asked.push(new URL(r.url()).pathname));
  const me = new Applicant(page, language, size === PHONE ? 'phone' : 'computer');
  await page.locator('#type-fr_card').check();
  await me.press(me.words.next);
  await me.fill('birth-name', 'Marchevent');
  await me.fill('first-names', 'Alix');
  await page.locator('#sex-X').check();
  assert.ok(asked.every((path) => !path.endsWith('.txt')), 'the list comes only where it is needed');
  await me.press(me.words.next);
  await me.at(me.words.birth);
  for (const [part, value] of [['day', '10'], ['month', '1'], ['year', '1970']]) await me.fill(`birth-${part}`, value);
  return { me, page, place: page.locator('#birth-place') };
}
const recap = async (me, page) => {
  await me.press(me.words.next);
  await me.fill('number', 'SPC00K7M0');
  await me.press(me.words.next);
  await me.at(me.words.recap);
  return page.locator('.recap').textContent();
};

for (const [language, size] of [['fr', PHONE], ['en', COMPUTER]]) {
  test(`a commune is found without accents and chosen by keyboard, ${language}`, async () => {
    const { me, page, place } = await birth({ language, size });
    await place.pressSequentially('saint den');
    await page.getByRole('option', { name: 'Saint-Denis (Seine-Saint-Denis)' }).waitFor();
    assert.equal(await place.getAttribute('aria-expanded'), 'true');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await me.look('09-birth-list');
    const active = await place.getAttribute('aria-activedescendant');
    assert.match(await page.locator(`#${active}`).textContent(), /La Réunion/);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    assert.equal(await place.inputValue(), 'Saint-Denis');
    await me.at(me.words.birth);
    assert.equal(await page.getByRole('listbox').isVisible(), false);
    assert.match(await recap(me, page), /Saint-Denis, France/);
    await page.context().close();
  });
}

test('a commune is chosen by a tap', async () => {
  const { me, page, place } = await birth();
  await place.pressSequentially('chateauneuf du pap');
  await page.locator('#communes li').tap();
  assert.equal(await place.inputValue(), 'Châteauneuf-du-Pape');
  assert.match(await recap(me, page), /Châteauneuf-du-Pape, France/);
  await page.context().close();
});

test('what is not in the list is kept as typed', async () => {
  const { me, page, place } = await birth();
  await place.pressSequentially('Amaurote');
  await page.getByText('Aucune commune trouvée').waitFor({ state: 'attached' });
  assert.match(await recap(me, page), /Amaurote, France/);
  await page.context().close();
});

test('Escape closes the list, and what was typed stays', async () => {
  const { page, place } = await birth();
  await place.pressSequentially('Lyon');
  await page.locator('#communes li').first().waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.getByRole('listbox').isVisible(), false);
  assert.equal(await place.inputValue(), 'Lyon');
  await page.context().close();
});

test('abroad there is no list', async () => {
  const { me, page, place } = await birth();
  await page.locator('#birth-country').selectOption('BEL');
  await place.pressSequentially('Lyon');
  await page.waitForTimeout(300);
  assert.equal(await page.getByRole('listbox').count(), 0);
  await me.look('09-birth-abroad');
  assert.match(await recap(me, page), /Lyon, Belgique/);
  await page.context().close();
});

test('where the list does not arrive it is a field like any other', async () => {
  const { me, page, place } = await birth({ init: (page) => page.route('**/*.txt', (r) => r.abort()) });
  await place.pressSequentially('Paris');
  await page.waitForTimeout(300);
  assert.equal(await page.getByRole('listbox').isVisible(), false);
  assert.match(await recap(me, page), /Paris, France/);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
