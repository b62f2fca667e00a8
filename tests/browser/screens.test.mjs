// Every screen beside the straight way, in both languages, on phone and computer: looked at by axe,
// for cut-off text, and kept as a picture.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { caseAt } from './cases.mjs';
import { browser, COMPUTER, PHONE, stopBase, visit } from './harness.mjs';
import { Applicant } from './steps.mjs';
import { WORDS } from './words.mjs';

let chrome;
before(async () => void (chrome = await browser()));
after(async () => {
  await chrome?.close();
  await stopBase();
});

const FOLLOW = ['submitted', 'in_review', 'retake', 'refused', 'accepted', 'letter_sent', 'suspended', 'withdrawn', 'expired'];

/** name → what to do from the case's own screen. */
const SCREENS = {
  '02-without': { at: undefined, open: (me) => me.press(me.words.without) },
  '30-adapt': { at: undefined, open: (me) => me.page.locator('main .actions .link').click() },
  '31-help-first': { at: undefined, open: (me) => me.press(me.words.help) },
  '32-help': { at: 'video', open: (me) => me.press(me.words.help) },
  '33-manage': { at: 'video', open: (me) => me.press(me.words.help).then(() => me.page.locator('.ways .link').last().click()) },
  '34-manage-ask': {
    at: 'video',
    open: async (me) => {
      await me.press(me.words.help);
      await me.page.locator('.ways .link').last().click();
      await me.page.locator('.button.danger').last().click();
      await me.page.locator('dialog[open]').waitFor();
    },
  },
  '35-booklet': { at: 'passport', open: (me) => (me.held === 'computer' ? me.press(me.words.here) : undefined) },
  '36-film-adapted': {
    at: 'video',
    open: async (me) => {
      await me.page.locator('main .actions .button').last().click();
      await me.page.locator('.choice input').nth(0).check();
      await me.page.locator('.choice input').nth(2).check();
      await me.page.locator('main .button.primary').click();
      await me.at(me.words.film);
    },
  },
  '37-review-without-preview': { at: 'review', open: () => {} },
  ...Object.fromEntries(FOLLOW.map((state) => [`4-${state}`, { at: state, open: (me) => me.page.locator('.timeline li').first().waitFor() }])),
  '50-appeal': { at: 'refused', open: (me) => me.page.locator('main .button.primary').click() },
  '51-letter': { at: 'letter_sent', open: (me) => me.page.locator('main .button.primary').click().then(() => me.page.locator('.rows').waitFor()) },
  '52-letter-opened': {
    at: 'letter_sent',
    open: async (me) => {
      await me.page.locator('main .button.primary').click();
      await me.page.locator('main .button.danger').waitFor();
      await me.page.locator('main .button.primary').click();
      await me.page.locator('.sheet').waitFor();
    },
  },
  '53-activation': { at: 'letter_opened', open: () => {} },
  '54-activation-wrong': {
    at: 'letter_opened',
    open: async (me) => {
      await me.fill('code', '000000');
      await me.page.locator('main .button.primary').click();
      await me.page.locator('[role=alert] a').waitFor();
    },
  },
  '55-done': { at: 'activated', open: () => {} },
  '56-manage-active': { at: 'activated', open: (me) => me.page.locator('main .actions .button').first().click() },
};

for (const held of ['phone', 'computer']) {
  for (const language of ['fr', 'en']) {
    test(`screens on a ${held}, ${language}`, async (t) => {
      for (const [name, { at, open }] of Object.entries(SCREENS)) {
        await t.test(name, async () => {
          const token = at && (await caseAt(at, language));
          const page = await visit(chrome, { size: held === 'phone' ? PHONE : COMPUTER, language, token });
          const me = new Applicant(page, language, held);
          await page.locator('h1').first().waitFor();
          await open(me);
          await page.waitForTimeout(150);
          await me.look(name);
          await page.context().close();
        });
      }
    });
  }
}

test('the language is switched on any screen, and remembered', async () => {
  const page = await visit(chrome, { language: 'fr', token: await caseAt('video') });
  const me = new Applicant(page, 'fr', 'phone');
  await me.at(WORDS.fr.film);
  await me.page.getByRole('button', { name: WORDS.fr.other }).click();
  await me.at(WORDS.en.film);
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await page.reload();
  await me.at(WORDS.en.film);
  assert.equal(await page.evaluate(() => localStorage.getItem('idproof.language')), 'en');
  await page.context().close();
});

test('at 200 % zoom and with large letters nothing is cut off', async () => {
  // 200 % on a 1280 wide window leaves 640; on a phone of 360 the letters are doubled instead.
  for (const [size, letters] of [[{ width: 640, height: 400 }, '112.5%'], [PHONE, '200%']]) {
    for (const at of [undefined, 'type', 'document', 'video', 'refused', 'letter_sent']) {
      const page = await visit(chrome, { size, language: 'fr', token: at && (await caseAt(at)), context: { isMobile: false } });
      await page.locator('h1').first().waitFor();
      await page.evaluate((l) => (document.documentElement.style.fontSize = l), letters);
      await page.waitForTimeout(100);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 1, `${at} at ${size.width}: ${wide} px too wide`);
      await page.context().close();
    }
  }
});

test('with reduced motion nothing moves', async () => {
  const page = await visit(chrome, { token: await caseAt('video'), context: { reducedMotion: 'reduce' } });
  await page.locator('h1').first().waitFor();
  const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running' && a.effect.getTiming().duration > 1).length);
  assert.equal(moving, 0);
  await page.context().close();
});
