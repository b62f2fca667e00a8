// What the pages may load, run, keep and say.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { caseAt } from './cases.mjs';
import { base, browser, call, stopBase, visit } from './harness.mjs';
import { Applicant } from './steps.mjs';

let chrome;
before(async () => void (chrome = await browser()));
after(async () => {
  await chrome?.close();
  await stopBase();
});

test('the policy forbids what is not ours, and the browser holds to it', async () => {
  const response = await fetch(await base());
  const policy = response.headers.get('content-security-policy');
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"]) {
    assert.ok(policy.includes(part), part);
  }
  assert.ok(!/unsafe-inline|'unsafe-eval'|https?:|\*/.test(policy), policy);
  assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');

  const page = await visit(chrome);
  await page.locator('h1').waitFor();
  const tried = await page.evaluate(async () => {
    const broken = [];
    addEventListener('securitypolicyviolation', (e) => broken.push(e.effectiveDirective));
    const script = document.createElement('script');
    try {
      script.textContent = 'window.injected = 1';
    } catch {
      broken.push('trusted-types');
    }
    document.body.append(script);
    const image = new Image();
    image.src = 'https://example.org/x.png';
    await fetch('https://example.org/').catch(() => {});
    // In a task of its own: what the test's protocol runs directly may use eval.
    await new Promise((done) =>
      setTimeout(() => {
        try {
          eval('window.injected = 2');
        } catch {
          broken.push('eval');
        }
        done();
      }),
    );
    await new Promise((done) => setTimeout(done, 300));
    return { injected: window.injected, broken };
  });
  assert.equal(tried.injected, undefined);
  for (const what of ['trusted-types', 'img-src', 'connect-src', 'eval']) assert.ok(tried.broken.includes(what), `${what} in ${tried.broken}`);
  await page.context().close();
});

test('pages are never stored, their parts for ever', async () => {
  const html = await fetch(await base());
  assert.equal(html.headers.get('cache-control'), 'no-store');
  const [, asset] = /(\/assets\/[^"]+\.js)/.exec(await html.text());
  const part = await fetch((await base()) + asset);
  assert.match(part.headers.get('cache-control'), /immutable/);
  assert.match(part.headers.get('content-type'), /javascript/);
  assert.equal((await fetch(`${await base()}/assets/none.js`)).status, 404);
});

test('nobody else’s case opens, and no secret is in any address', async () => {
  const mine = await caseAt('video');
  const other = await call('GET', '/v1/cases/current', undefined, await caseAt('video'));
  const answer = await fetch(`${await base()}/v1/cases/${other.id}`, { headers: { authorization: `Bearer ${mine}` } });
  assert.equal(answer.status, 404);
  const page = await visit(chrome, { path: `/continue#${mine}` });
  const asked = [];
  page.on('request', (r) => asked.push(r.url()));
  await new Applicant(page, 'fr', 'phone').at('Filmez votre visage');
  await page.reload();
  await new Applicant(page, 'fr', 'phone').at('Filmez votre visage');
  assert.ok(asked.every((url) => !url.includes('idc_')));
  await page.context().close();
});

test('deleting the data forgets the case here too', async () => {
  const token = await caseAt('submitted');
  const page = await visit(chrome, { path: `/continue#${token}` });
  const me = new Applicant(page, 'fr', 'phone');
  await page.locator('.timeline li').first().waitFor();
  await me.press('Arrêter, ou supprimer mes données');
  await me.press('Supprimer mes données maintenant');
  await me.press('Oui, tout supprimer');
  await me.at('Vos données sont supprimées');
  await me.everywhere('57-deleted');
  assert.equal(await page.evaluate(() => localStorage.getItem('idproof.token')), null);
  assert.equal((await fetch(`${await base()}/v1/cases/current`, { headers: { authorization: `Bearer ${token}` } })).status, 401);
  await page.context().close();
});

test('withdraw, suspend, reactivate, appeal and retake do what they say', async () => {
  const go = async (at) => {
    const page = await visit(chrome, { token: await caseAt(at) });
    await page.locator('h1').waitFor();
    return new Applicant(page, 'fr', 'phone');
  };
  let me = await go('submitted');
  await me.press('Arrêter, ou supprimer mes données');
  await me.press('Arrêter et fermer mon dossier');
  await me.press('Oui, fermer mon dossier');
  await me.at('Vous avez arrêté');
  await me.page.context().close();

  me = await go('activated');
  await me.press('Suspendre mon identité');
  await me.press('Suspendre maintenant');
  await me.at('Votre identité est suspendue');
  await me.press('Réactiver mon identité');
  await me.press('Réactiver');
  await me.at('Votre identité est active');
  await me.page.context().close();

  me = await go('refused');
  await me.press('Demander un nouvel examen');
  await me.fill('appeal', 'La lumière était mauvaise.');
  await me.press('Envoyer ma demande');
  await me.at('Une personne vérifie votre dossier');
  await me.page.context().close();

  me = await go('retake');
  await me.page.getByText('Le document n’a pas pu être lu assez bien.').waitFor();
  await me.press('Commencer les nouvelles images');
  await me.at(me.words.photograph);
  await me.page.context().close();
});

test('letter to activation', async () => {
  const page = await visit(chrome, { token: await caseAt('letter_sent') });
  const me = new Applicant(page, 'fr', 'phone');
  await me.press('Voir ma lettre');
  await me.press('Ouvrir la lettre');
  const code = (await page.locator('.sheet .code').textContent()).replace(/\s/g, '');
  const [saved] = await Promise.all([page.waitForEvent('download'), me.press('Télécharger la lettre (PDF)')]);
  assert.match(saved.suggestedFilename(), /\.pdf$/);
  await me.press('Taper le code maintenant');
  await me.fill('code', code);
  await me.press('Activer');
  await me.at('Votre identité est active');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
