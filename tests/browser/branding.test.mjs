// An organisation's colour and its address to return to, on the applicant's pages; and that nothing else gets into the styles.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { caseAt } from './cases.mjs';
import { base, browser, COMPUTER, PHONE, stopBase, visit } from './harness.mjs';
import { Applicant } from './steps.mjs';

const OWN = { colour: '#7a1f5c', return_url: 'https://banque.exemple.fr/retour' };
const BACK = { fr: 'Retour vers Banque Exemple', en: 'Return to Banque Exemple' };

let chrome;
before(async () => void (chrome = await browser()));
after(async () => {
  await chrome?.close();
  await stopBase();
});

/** A case's page in the name of an organisation. */
async function branded(state, language, organisation, size = PHONE) {
  const page = await visit(chrome, { size, language });
  await page.route('**/v1/service', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), name: 'Banque Exemple', organisation } });
  });
  const token = state && (await caseAt(state, language));
  if (token) await page.evaluate((t) => localStorage.setItem('idproof.token', t), token);
  await page.goto((await base()) + '/');
  await page.locator('main h1').waitFor();
  await page.locator('.top .name').getByText('Banque Exemple').waitFor();
  return page;
}
const own = (page, name) => page.evaluate((n) => document.documentElement.style.getPropertyValue(n), name);
// Once the button has faded from the colour that it was first drawn in.
const ground = (locator) =>
  locator.evaluate(async (element) => {
    await Promise.all(element.getAnimations().map((each) => each.finished.catch(() => {})));
    return getComputedStyle(element).backgroundColor;
  });

for (const language of ['fr', 'en']) {
  test(`the pages are drawn in the organisation’s colour and lead back to it, ${language}`, async () => {
    for (const [held, size] of [['phone', PHONE], ['computer', COMPUTER]]) {
      for (const state of [undefined, 'refused', 'withdrawn', 'activated']) {
        const page = await branded(state, language, OWN, size);
        const me = new Applicant(page, language, held);
        assert.equal(await own(page, '--blue'), OWN.colour);
        const back = page.getByRole('link', { name: BACK[language] });
        if (state) assert.equal(await back.getAttribute('href'), OWN.return_url);
        else assert.equal(await back.count(), 0, 'nowhere before the end');
        const button = page.locator('main .button.primary').first();
        if (await button.count()) assert.equal(await ground(button), 'rgb(122, 31, 92)');
        await me.look(`60-own-${state ?? 'start'}`);
        await page.context().close();
      }
    }
  });
}

test('the least dark colour that is taken can be read, also where a button is pointed at', async () => {
  const page = await branded('activated', 'fr', { ...OWN, colour: '#6a6a6a' });
  const me = new Applicant(page, 'fr', 'phone');
  await page.locator('main .actions button').first().hover();
  await me.look('61-own-lightest');
  await page.context().close();
});

test('what is no colour and no secure address is not used', async () => {
  for (const colour of ['red', '#fff', '#7a1f5c;', 'url(https://example.org/x)', 'var(--red)', '#7A1F5C', null]) {
    const page = await branded('activated', 'en', { colour, return_url: 'http://bank.example.org/' });
    assert.equal(await own(page, '--blue'), '', String(colour));
    assert.equal(await page.getByRole('link', { name: BACK.en }).count(), 0);
    assert.equal(await ground(page.locator('.skip')), 'rgb(11, 74, 111)');
    assert.deepEqual(page.faults, []);
    await page.context().close();
  }
  const page = await branded('activated', 'en', { colour: null, return_url: 'javascript:alert(1)' });
  assert.equal(await page.locator('a[href^="javascript"]').count(), 0);
  await page.context().close();
});
