// Consent to decision in the real service: both languages, phone and computer, with the network gone for ten
// seconds while filming. Nothing is in memory here: SQLite, encrypted media, sandboxed decoding, the models.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browser, call, COMPUTER, PHONE, use, visit } from './harness.mjs';
import { card, face, voice } from './media.mjs';
import { startService } from './service.mjs';
import { Applicant, camera, person } from './steps.mjs';

let service;
before(async () => {
  service = await startService();
  use(service.address);
});
after(() => service?.stop());

/** States in which the pipeline has spoken, and what the applicant then reads. */
const DECIDED = {
  accepted: /identité est confirmée|identity is confirmed/i,
  letter_sent: /lettre est arrivée|letter has arrived/i,
  in_review: /personne vérifie|person is checking/i,
  retake_asked: /meilleures images|better pictures/i,
  refused: /pas pu être confirmée|could not be confirmed/i,
};

/** As on a browser that records no WebM. */
function onlyMp4() {
  const real = MediaRecorder.isTypeSupported.bind(MediaRecorder);
  MediaRecorder.isTypeSupported = (type) => !/webm/.test(type) && real(type);
}

for (const held of ['phone', 'computer']) {
  for (const language of ['fr', 'en']) {
    test(`consent to decision on a ${held}, ${language}${held === 'computer' && language === 'en' ? ', MP4' : ''}`, async (t) => {
      const live = camera(`real-${held}-${language}`);
      live.show(card('front', held));
      const chrome = await browser({ video: live.file, audio: voice(language) });
      t.after(() => chrome.close());
      const mp4 = held === 'computer' && language === 'en';
      const page = await visit(chrome, { size: held === 'phone' ? PHONE : COMPUTER, language, init: mp4 ? onlyMp4 : undefined });
      const me = new Applicant(page, language, held, { codes: service.codes, prefix: 'real-' });
      await me.consent();
      await me.contacts({ email: `alix.${held}.${language}@exemple.fr`, phone: `06 12 34 5${held.length} ${language === 'fr' ? '10' : '11'}` });
      await me.identity(person());
      await me.documents(live, { front: card('front', held), back: card('back', held) });
      await me.levels(live, face());
      await page.locator('.hint-line').waitFor({ timeout: 30_000 });
      await me.press(me.words.startFilm);
      await page.locator('.filming .digit').waitFor({ timeout: 20_000 });
      await page.context().setOffline(true);
      await page.waitForTimeout(10_000);
      await page.context().setOffline(false);
      await me.review();

      const token = await page.evaluate(() => localStorage.getItem('idproof.token'));
      const { id } = await call('GET', '/v1/cases/current', undefined, token);
      const ask = (what) => call('GET', `/v1/cases/${id}/${what}`, undefined, token);
      let status;
      for (let i = 0; i < 180 && !(status?.state in DECIDED); i++) {
        await page.waitForTimeout(1000);
        status = await ask('status');
      }
      assert.ok(status.state in DECIDED, `decided, and not ${status.state}`);
      // WebM without a duration and MP4 both decode: what the pipeline says is about what they show.
      assert.ok(!(status.reasons ?? []).some((reason) => /video_unusable|file_unsupported|file_damaged|analysis_failed/.test(reason)), String(status.reasons));
      const steps = (await ask('timeline')).map((step) => step.kind);
      for (const step of ['document_uploaded', 'video_uploaded', 'submitted', 'processing_started']) assert.ok(steps.includes(step), `${step} in ${steps}`);
      // The page follows by itself.
      await me.at(DECIDED[status.state]);
      await me.look('22-decided');
      t.diagnostic(`${status.state} ${status.reasons ?? ''} ${JSON.stringify(status.retake ?? '')}`);
    });
  }
}
