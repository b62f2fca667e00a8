// Every page of the console, in both languages, light and dark, from 1280 to 2560 px: axe, truncation, a picture kept.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begin, DESK, Person } from './desk.mjs';
import { browser, stopBase, visit } from './harness.mjs';

let chrome;
before(async () => void (chrome = await browser()));
after(async () => {
  await chrome?.close();
  await stopBase();
});

const still = (page) => page.waitForTimeout(250);
const WORDS = {
  fr: { lost: /pas mon appareil/, add: 'Nouveau compte', reset: /^Réinitialiser Omar/, sessions: /^Sessions Omar/ },
  en: { lost: /don’t have/, add: 'New account', reset: /^Reset Omar/, sessions: /^Sessions Omar/ },
};

async function signIn(language, context) {
  const page = await visit(chrome, { size: DESK, language, path: '/console/', context });
  const me = new Person(page, language);
  await page.locator('input[autocomplete=username]').waitFor();
  await me.look(`01-sign-in-${context.colorScheme}`);
  const enter = async (name) => {
    await page.locator('input[autocomplete=username]').fill(name);
    await page.locator('input[type=password]').fill('mock');
    await page.keyboard.press('Enter');
    await page.locator('input[autocomplete=one-time-code]').waitFor();
  };
  await enter('ana');
  await me.look(`02-second-factor-${context.colorScheme}`);
  await page.getByRole('button', { name: WORDS[language].lost }).click();
  await me.look(`03-recovery-${context.colorScheme}`);
  await page.locator('main .link').last().click();
  await enter('fresh');
  await page.locator('svg[role=img]').waitFor();
  await me.look(`04-enrolment-${context.colorScheme}`);
  await page.locator('input[autocomplete=one-time-code]').fill('123456');
  for (const field of await page.locator('input[autocomplete=new-password]').all()) await field.fill('a phrase long enough');
  await page.keyboard.press('Enter');
  await page.locator('.codes').waitFor();
  await me.look(`05-recovery-codes-${context.colorScheme}`);
  await me.close();
}

async function reviewer(language, context) {
  const ana = await Person.signIn(chrome, 'ana', { language, context });
  const { page } = ana;
  const look = async (name) => {
    await still(page);
    await ana.look(`${name}-${context.colorScheme}`);
  };
  await page.locator('tbody tr').first().waitFor();
  await look('10-queue');
  await ana.next();
  await look('11-case-masked');
  await ana.press('x');
  await page.locator('.wave').waitFor();
  await look('12-case-blind');
  await ana.press('1');
  await look('13-case-how-sure');
  await ana.press('4');
  await page.locator('.given').waitFor();
  await page.locator('details').evaluateAll((all) => all.forEach((d) => (d.open = true)));
  await look('14-case-scores');
  for (const [key, name] of [['a', 'accept'], ['r', 'refuse'], ['t', 'retake'], ['e', 'escalate'], ['c', 'coercion']]) {
    await ana.press(key);
    await page.locator('.confirm').waitFor();
    if (['r', 't', 'e'].includes(key)) await ana.press('1');
    await page.locator('.preview').waitFor();
    await look(`15-decide-${name}`);
    await ana.press('Escape');
  }
  await ana.press('?');
  await page.locator('dialog[open]').waitFor();
  await look('16-keys');
  await ana.press('Escape');
  await ana.press('l');
  await page.locator('dialog[open]').waitFor();
  await look('17-leave');
  await ana.press('Escape');
  await ana.press('a');
  await page.locator('.confirm').waitFor();
  await ana.press('Enter');
  await page.locator('.toast').waitFor();
  await look('18-undo');
  // The case whose declared name differs from the document.
  for (let i = 0; i < 5 && !(await page.locator('.differs').count()); i++) {
    await ana.judge();
    if (await page.locator('.differs').count()) break;
    const before = await ana.number();
    await ana.press('a');
    await page.locator('.confirm').waitFor();
    await ana.press('Enter');
    await page.waitForFunction((n) => document.querySelector('main.case h1') && !document.querySelector('main.case h1').textContent.includes(n), before);
  }
  await page.locator('.differs').first().waitFor();
  await look('19-fields-differ');
  await page.evaluate(() => (location.hash = '#/queue'));
  await page.locator('.counts').waitFor();
  await page.locator('select').first().selectOption('held');
  await look('20-queue-held');
  await page.evaluate(() => (location.hash = '#/account'));
  await page.locator('tbody tr').first().waitFor();
  await look('21-account');
  await page.evaluate(() => (location.hash = '#/audit'));
  await look('22-forbidden');
  await ana.close();
}

async function others(language, context) {
  const show = async (name, pages) => {
    const one = await Person.signIn(chrome, name, { language, context });
    for (const [path, title, open] of pages) {
      await one.page.evaluate((to) => (location.hash = `#/${to}`), path);
      await one.page.locator('main tbody tr').first().waitFor();
      await still(one.page);
      await open?.(one.page);
      await one.look(`${title}-${context.colorScheme}`);
    }
    await one.close();
  };
  const dialog = (name) => async (page) => {
    await page.getByRole('button', { name }).click();
    await page.locator('dialog[open]').waitFor();
  };
  await show('omar', [['queue', '30-queue-operator']]);
  await show('claire', [['quality', '31-quality'], ['cases', '32-cases']]);
  await show('audrey', [['audit', '33-audit']]);
  await show('admin', [['staff', '34-staff'], ['staff', '35-staff-new', dialog(WORDS[language].add)]]);
  await show('admin', [['staff', '36-staff-reset', dialog(WORDS[language].reset)]]);
  await show('admin', [['staff', '37-staff-sessions', dialog(WORDS[language].sessions)]]);
}

for (const language of ['fr', 'en']) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every page of the console, ${language}, ${colorScheme}`, async (t) => {
      const context = { colorScheme };
      await begin({ cases: 8 });
      await t.test('signing in', () => signIn(language, context));
      await begin({ cases: 8 });
      await t.test('a reviewer', () => reviewer(language, context));
      await t.test('the others', () => others(language, context));
    });
  }
}

test('from 1280 to 2560 px the case stands on one screen and nothing is cut off', async () => {
  await begin({ cases: 4 });
  for (const size of [{ width: 1280, height: 800 }, { width: 1920, height: 1080 }, { width: 2560, height: 1440 }]) {
    const claire = await Person.signIn(chrome, 'claire', { size });
    await claire.look(`40-queue-${size.width}`);
    await claire.next();
    await claire.press('x');
    await claire.page.locator('.wave').waitFor();
    if (await claire.page.locator('.judge').count()) {
      await claire.press('1', '4');
      await claire.page.locator('.given').waitFor();
    }
    await still(claire.page);
    const tall = await claire.page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
    if (tall > 1) throw new Error(`the page is ${tall} px taller than its window of ${size.width}`);
    await claire.look(`41-case-${size.width}`);
    await claire.close();
  }
});

test('where the worker kept no pictures, the front stands for the portrait and frames come from the recording', async () => {
  await begin({ cases: 2, plain: true });
  const ana = await Person.signIn(chrome, 'ana');
  const { page } = ana;
  await ana.next();
  await ana.judge();
  await page.locator('.pair figure:nth-child(2) img').waitFor();
  await page.getByText('image 1 sur 4').waitFor();
  const face = page.locator('.pair .well').first();
  await face.focus();
  const lies = () => face.locator('img').evaluate((img) => img.style.transform);
  const before = await lies();
  await ana.press('+', '+', '+', 'ArrowLeft', 'ArrowDown');
  assert.notEqual(await lies(), before);
  await still(page);
  await ana.look('44-case-plain');
  await ana.press('0');
  assert.equal(await lies(), before);
  await ana.close();
});

test('at 200 % zoom the console can be read by scrolling one way', async () => {
  await begin({ cases: 4 });
  const ana = await Person.signIn(chrome, 'ana', { size: { width: 720, height: 450 } });
  await ana.look('42-queue-zoomed');
  await ana.next();
  await ana.judge();
  await still(ana.page);
  await ana.look('43-case-zoomed');
  await ana.close();
});
