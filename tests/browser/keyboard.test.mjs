// The way without a pointer: every control is reached by Tab, shows where the focus is, and works.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { caseAt } from './cases.mjs';
import { browser, COMPUTER, stopBase, visit } from './harness.mjs';
import { card } from './media.mjs';
import { Applicant } from './steps.mjs';

after(stopBase);

/** Tabs until the focus is on a control of this name; fails where the page has no such stop. */
async function tabTo(page, name) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => {
      const e = document.activeElement;
      const style = getComputedStyle(e);
      // A choice shows its focus round the whole line.
      const box = e.closest('.choice');
      const outlined = [style, box && getComputedStyle(box)].some((s) => s && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2);
      return { name: (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent ?? '').trim(), outlined, body: e === document.body };
    });
    if (here.body) continue;
    assert.ok(here.outlined, `the focus shows on “${here.name}”`);
    if (here.name.startsWith(name)) return;
  }
  throw new Error(`no Tab leads to “${name}”`);
}

async function opened(t, at, how = {}) {
  const chrome = await browser(how);
  t.after(() => chrome.close());
  const page = await visit(chrome, { size: COMPUTER, language: 'fr', token: at && (await caseAt(at)) });
  const me = new Applicant(page, 'fr', 'computer');
  await page.locator('h1').first().waitFor();
  return { me, page };
}

test('consent to e-mail by keyboard', async (t) => {
  const { me, page } = await opened(t);
  await tabTo(page, 'Tout savoir sur vos données');
  await page.keyboard.press('Enter');
  assert.ok(await page.locator('details[open]').count());
  await tabTo(page, me.words.agree);
  await page.keyboard.press('Enter');
  await me.at(me.words.email);
  // A new screen is read from its heading.
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await tabTo(page, 'Adresse e-mail');
  await page.keyboard.type('no address');
  await page.keyboard.press('Enter');
  await page.locator('[role=alert] a').waitFor();
  // Faults take the focus; their link leads to the field.
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'alert');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'email');
});

test('the skip link comes first and leads to the heading', async (t) => {
  const { page } = await opened(t, 'type');
  // From the very top of the page, where a reader begins.
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
  });
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Aller au contenu');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
});

test('choices by arrow keys', async (t) => {
  const { me, page } = await opened(t, 'type');
  await tabTo(page, 'Carte d’identité française');
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'type-fr_card_1995');
  await page.keyboard.press('Enter');
  await me.at(me.words.names);
});

test('the photo by keyboard alone', async (t) => {
  const { me, page } = await opened(t, 'document', { video: card('front', 'computer', 'empty') });
  await tabTo(page, me.words.here);
  await page.keyboard.press('Enter');
  await me.at(me.words.photograph);
  await tabTo(page, me.words.openCamera);
  await page.keyboard.press('Enter');
  await me.at(me.words.front);
  await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
  await tabTo(page, me.words.shoot);
  await page.keyboard.press('Enter');
  await me.at(me.words.readable);
});

test('a question holds the keyboard, and Escape leaves it', async (t) => {
  const { me, page } = await opened(t, 'submitted');
  await tabTo(page, 'Arrêter, ou supprimer mes données');
  await page.keyboard.press('Enter');
  await me.at('Arrêter, ou supprimer mes données');
  await tabTo(page, 'Supprimer mes données maintenant');
  await page.keyboard.press('Enter');
  await page.locator('dialog[open]').waitFor();
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null));
  }
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Supprimer mes données/);
});

test('the browser’s way back leads back, never past what is done', async (t) => {
  const { me, page } = await opened(t, 'type');
  await page.locator('#type-fr_card').check();
  await me.press(me.words.next);
  await me.at(me.words.names);
  await page.goBack();
  await me.at(me.words.type);
  assert.ok(await page.locator('#type-fr_card').isChecked(), 'the answer is still there');
  await page.goForward();
  await me.at(me.words.names);
  await page.evaluate(() => history.pushState({ screen: 'follow' }, '', '#follow'));
  await page.evaluate(() => dispatchEvent(new PopStateEvent('popstate', { state: { screen: 'follow' } })));
  await me.at(me.words.type);
});
