// Consent to tracking page: both languages, phone and computer, every screen looked at on the way.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { browser, call, COMPUTER, PHONE, stopBase, visit } from './harness.mjs';
import { card, face, voice } from './media.mjs';
import { Applicant, camera, person } from './steps.mjs';

after(stopBase);

for (const held of ['phone', 'computer']) {
  for (const language of ['fr', 'en']) {
    test(`the whole way on a ${held}, ${language}`, async () => {
      const live = camera(`way-${held}-${language}`);
      live.show(card('front', held));
      const chrome = await browser({ video: live.file, audio: voice(language) });
      try {
        const page = await visit(chrome, { size: held === 'phone' ? PHONE : COMPUTER, language });
        const me = new Applicant(page, language, held);
        await me.consent();
        const address = `alix.${held}.${language}@exemple.fr`;
        await me.contacts({ email: address, phone: `06 12 34 5${held.length} ${language === 'fr' ? '10' : '11'}`, mistakes: true });
        await me.identity(person(), 'fr_card', { mistakes: true });
        await me.documents(live, { front: card('front', held), back: card('back', held) });
        await me.levels(live, face());
        await me.film();
        await me.review();

        // What is left on the device: how to come back, and nothing else.
        const left = await page.evaluate(async () => ({
          local: Object.keys(localStorage),
          session: Object.keys(sessionStorage),
          databases: (await indexedDB.databases()).map((d) => d.name),
          cookies: document.cookie,
          caches: await caches.keys(),
        }));
        assert.deepEqual(left, { local: ['idproof.token'], session: [], databases: [], cookies: '', caches: [] });
        assert.ok(!page.url().includes('idc_'), 'no secret in the address');
        const token = await page.evaluate(() => localStorage.getItem('idproof.token'));
        const { id } = await call('GET', '/v1/cases/current', undefined, token);
        const { capture } = await call('GET', `/__mock/video/${id}`);
        assert.equal(capture.shown.length, 5, 'every step was shown, and when');
      } finally {
        await chrome.close();
      }
    });
  }
}
