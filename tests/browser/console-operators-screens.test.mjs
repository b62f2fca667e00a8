// Every page of the operators in both languages, light and dark, at 1280 and 2560 px: axe, truncation, a picture kept.

import { after, before, test } from 'node:test';
import { begin, Person } from './desk.mjs';
import { browser, stopBase } from './harness.mjs';

let chrome;
before(async () => void (chrome = await browser()));
after(async () => {
  await chrome?.close();
  await stopBase();
});

const OPERATOR = ['policy', 'policy/version/pol_2026113', 'policy/version/configured', 'policy/edit', 'policy/compare', 'policy/whatif', 'policy/drift', 'policy/sets', 'board', 'board/work', 'board/system', 'board/messages', 'board/outbox', 'integrators/keys/org_demo', 'integrators/webhooks/org_demo', 'integrators/sandbox/org_demo', 'integrators/settings/org_demo'];

async function walk(language, colorScheme, width) {
  const me = await Person.signIn(chrome, 'omar', { language, size: { width, height: width > 2000 ? 1440 : 800 }, context: { colorScheme } });
  const { page } = me;
  for (const [i, path] of OPERATOR.entries()) {
    await page.evaluate((to) => (location.hash = `#/${to}`), path);
    await page.locator('main h2').first().or(page.locator('main .filters')).first().waitFor();
    if (path === 'policy/edit') {
      await page.locator('#threshold-liveness_accept').fill('0.75');
      await page.locator('#threshold-speech_refuse').fill('9');
      await page.locator('.errors').waitFor();
      await page.waitForTimeout(600);
      await me.look(`${60 + i}-policy-wrong-${colorScheme}-${width}`);
      await page.locator('#threshold-speech_refuse').fill('-5');
    }
    if (path === 'policy/whatif') {
      await page.locator('main form .primary').click();
      await page.locator('main h2').first().waitFor();
    }
    if (path.startsWith('integrators/webhooks')) await page.locator('[aria-expanded]').first().click();
    await page.locator('details').evaluateAll((all) => all.forEach((one) => (one.open = true)));
    await page.waitForTimeout(350);
    await me.look(`${60 + i}-${path.replace(/\W+/g, '-')}-${colorScheme}-${width}`);
  }
  await me.close();
}

for (const [language, colorScheme, width] of [['fr', 'light', 1280], ['en', 'dark', 1280], ['en', 'light', 2560], ['fr', 'dark', 2560]]) {
  test(`every page of the operators, ${language}, ${colorScheme}, ${width} px`, async () => {
    await begin({ cases: 3 });
    await walk(language, colorScheme, width);
  });
}

test('an administrator’s dialogs', async () => {
  await begin({ cases: 1 });
  for (const language of ['fr', 'en']) {
    const admin = await Person.signIn(chrome, 'admin', { language, path: '/console/#/integrators/keys/org_demo' });
    await admin.page.locator('tbody tr').first().waitFor();
    await admin.page.locator('main .button.primary').click();
    await admin.page.locator('dialog[open]').waitFor();
    await admin.look('80-key-new');
    await admin.page.locator('dialog input').first().fill('mine');
    await admin.page.keyboard.press('Enter');
    await admin.page.locator('.secret').waitFor();
    await admin.look('81-key-secret');
    await admin.page.locator('dialog .primary').click();
    await admin.page.evaluate(() => (location.hash = '#/integrators/webhooks/org_demo'));
    await admin.page.locator('tbody tr').first().waitFor();
    await admin.page.locator('main .button.primary').click();
    await admin.page.locator('dialog[open]').waitFor();
    await admin.look('82-webhook-new');
    await admin.close();
  }
});
