// From computer to phone and back: the code is read off the screen as a phone's camera reads it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { caseAt } from './cases.mjs';
import { base, browser, COMPUTER, PHONE, stopBase, visit } from './harness.mjs';
import { card, face, voice } from './media.mjs';
import { Applicant, camera } from './steps.mjs';

after(stopBase);

async function readCode(page) {
  const picture = PNG.sync.read(await page.getByRole('img', { name: /QR/ }).screenshot());
  const found = jsQR(new Uint8ClampedArray(picture.data), picture.width, picture.height);
  assert.ok(found, 'the code can be read');
  return found.data;
}

async function offered(chrome, language) {
  const page = await visit(chrome, { size: COMPUTER, language, token: await caseAt('document', language) });
  const computer = new Applicant(page, language, 'computer');
  await computer.press(computer.words.onPhone);
  await page.locator('.number').waitFor();
  const url = await readCode(page);
  assert.ok(url.startsWith(await base()), 'the code leads here');
  return { computer, url, number: await page.locator('.number').textContent() };
}

async function arrive(chrome, url, language) {
  const page = await visit(chrome, { size: PHONE, language, path: new URL(url).pathname + new URL(url).hash });
  const phone = new Applicant(page, language, 'phone');
  await page.locator('#number').waitFor();
  assert.ok(!page.url().includes(new URL(url).hash), 'the secret has left the address');
  return phone;
}

for (const language of ['fr', 'en']) {
  test(`the phone takes over, films and hands back, ${language}`, async (t) => {
    const live = camera(`handover-${language}`);
    live.show(card('front'));
    const chrome = await browser({ video: live.file, audio: voice(language) });
    t.after(() => chrome.close());
    const { computer, url, number } = await offered(chrome, language);
    await computer.look('80-handover');
    const phone = await arrive(chrome, url, language);
    await phone.look('81-arrive');
    await phone.fill('number', number === '042' ? '043' : '042');
    await phone.page.locator('main .button.primary').click();
    await phone.page.locator('[role=alert] a').waitFor();
    await phone.look('82-arrive-wrong');
    await phone.fill('number', number);
    await phone.page.locator('main .button.primary').click();
    // The computer follows along.
    await computer.page.locator('.progress').waitFor();
    await computer.look('83-follow-along');
    await phone.documents(live, { front: card('front'), back: card('back') });
    await computer.page.locator('.progress li.now', { hasText: language === 'fr' ? 'Vidéo' : 'Video' }).waitFor();
    await phone.levels(live, face());
    await phone.film();
    await phone.at(phone.words.review);
    await phone.press(phone.words.confirm);
    await phone.at(language === 'fr' ? 'Terminé sur ce téléphone' : 'Finished on this phone');
    await phone.look('84-finished');
    await computer.at(computer.words.submitted);
    assert.deepEqual(computer.page.faults, []);
  });
}

test('a code works once', async (t) => {
  const chrome = await browser();
  t.after(() => chrome.close());
  const { url, number } = await offered(chrome, 'fr');
  const first = await arrive(chrome, url, 'fr');
  await first.fill('number', number);
  await first.page.locator('main .button.primary').click();
  await first.at(first.words.photograph);
  const second = await arrive(chrome, url, 'fr');
  await second.fill('number', number);
  await second.page.locator('main .button.primary').click();
  await second.at('Ce lien n’est plus valable');
});

test('whoever did not start it can stop', async (t) => {
  const chrome = await browser();
  t.after(() => chrome.close());
  const { url } = await offered(chrome, 'fr');
  const phone = await arrive(chrome, url, 'fr');
  await phone.press('Ce n’est pas moi qui ai commencé');
  await phone.at('Vous avez arrêté');
  await phone.everywhere('85-stopped');
});

test('a code that has run out is renewed', async (t) => {
  const chrome = await browser();
  t.after(() => chrome.close());
  const page = await visit(chrome, { size: COMPUTER, token: await caseAt('document') });
  await page.clock.install();
  const me = new Applicant(page, 'fr', 'computer');
  await me.press(me.words.onPhone);
  await page.locator('.number').waitFor();
  await page.clock.fastForward(301_000);
  await page.getByText('Ce code est trop ancien').waitFor();
  await me.everywhere('86-handover-expired');
});

test('back to the computer at any time', async (t) => {
  const chrome = await browser({ video: card('front', 'computer') });
  t.after(() => chrome.close());
  const { computer, url, number } = await offered(chrome, 'fr');
  const phone = await arrive(chrome, url, 'fr');
  await phone.fill('number', number);
  await phone.page.locator('main .button.primary').click();
  await computer.page.locator('.progress').waitFor();
  await computer.press('Revenir sur cet ordinateur');
  await computer.press(computer.words.here);
  await computer.press(computer.words.openCamera);
  await computer.at(computer.words.readable);
});
