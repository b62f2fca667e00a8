// No dead ends: each trouble has a screen that names the cause and the next step, and a way out that works.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { caseAt } from './cases.mjs';
import { base, browser, call, COMPUTER, PHONE, stopBase, visit } from './harness.mjs';
import { black, card, face, voice } from './media.mjs';
import { Applicant } from './steps.mjs';

after(stopBase);

/** A page at a place of the way, in a browser of its own. */
async function opened(t, { at, language = 'fr', held = 'phone', chrome: how = {}, ...rest } = {}) {
  const chrome = await browser(how);
  t.after(() => chrome.close());
  const token = at && (await caseAt(at, language));
  const page = await visit(chrome, { language, token, size: held === 'phone' ? PHONE : COMPUTER, ...rest });
  return { me: new Applicant(page, language, held), page, chrome, token };
}
const openCamera = (me) => me.press(me.words.openCamera);

test('permission denied: how to allow it in this browser', async (t) => {
  const { me, page } = await opened(t, { at: 'document', chrome: { ask: true, args: ['--deny-permission-prompts'] } });
  await openCamera(me);
  await me.at('La caméra est bloquée');
  await page.getByText('Autorisations', { exact: false }).first().waitFor();
  await me.everywhere('60-denied');
  // Still denied after trying again; back to the screen before.
  await me.press(me.words.retry);
  await me.at(me.words.photograph);
});

test('permission denied on an iPhone and in Firefox: their own words', async (t) => {
  const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
  const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
  for (const [agent, held, words] of [[IPHONE, 'phone', 'Réglages du site web'], [FIREFOX, 'computer', 'caméra barrée']]) {
    const { me, page } = await opened(t, { at: 'document', held, agent, chrome: { ask: true, args: ['--deny-permission-prompts'] } });
    if (held === 'computer') await me.press(me.words.here);
    await openCamera(me);
    await me.at('La caméra est bloquée');
    await page.getByText(words, { exact: false }).waitFor();
  }
});

test('no camera: on a computer the phone is offered', async (t) => {
  const { me, page } = await opened(t, { at: 'document', held: 'computer', init: () => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));
    navigator.mediaDevices.enumerateDevices = () => Promise.resolve([]);
  } });
  await me.press(me.words.here);
  await openCamera(me);
  await me.at('Aucune caméra trouvée');
  await me.everywhere('61-no-camera');
  await me.press('Continuer sur un téléphone');
  await me.at('Continuez sur votre téléphone');
  await page.getByRole('img', { name: /QR/ }).waitFor();
});

/** The first `times` openings, or those of the first camera, find the camera in use. */
const BUSY = (all) => `(() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  let first, times = 0;
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    first ??= (await navigator.mediaDevices.enumerateDevices()).find((d) => d.kind === 'videoinput')?.deviceId;
    const id = wanted.video?.deviceId?.exact;
    const busy = ${all} ? !window.free : !id || id === first;
    if (busy) throw new DOMException('', 'NotReadableError');
    return real(wanted);
  };
})()`;

test('busy camera, and it is free again', async (t) => {
  const { me, page } = await opened(t, { at: 'document', chrome: { video: card('front') }, init: BUSY(true) });
  await openCamera(me);
  await me.at('La caméra est occupée');
  await me.everywhere('62-busy');
  await page.evaluate(() => (window.free = true));
  await me.press(me.words.retry);
  await openCamera(me);
  await me.at(me.words.readable);
});

test('a camera in use is passed over for another', async (t) => {
  const args = ['--use-fake-device-for-media-stream=device-count=2'];
  const { me, page } = await opened(t, { at: 'document', chrome: { args }, init: BUSY(false) });
  await openCamera(me);
  await me.at(me.words.front);
  await page.waitForFunction(() => document.querySelector('video')?.videoWidth > 0);
});

test('a camera that shows nothing', async (t) => {
  const { me } = await opened(t, { at: 'document', chrome: { video: black() } });
  await openCamera(me);
  await me.at('La caméra ne montre rien');
  await me.everywhere('63-blank');
});

test('inside another app: copy the link, or go on', async (t) => {
  const agent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/470.0]';
  const { me, page } = await opened(t, { agent });
  await page.getByText('Vous êtes dans une autre application', { exact: false }).waitFor();
  await me.look('64-in-app-start');
  await me.press('Ce que vous pouvez faire');
  await me.at('Ouvrez cette page dans votre navigateur');
  await me.everywhere('64-in-app');
  await me.press('Copier le lien');
  await page.getByRole('button', { name: 'Lien copié' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${await base()}/`);
  await me.press('Essayer ici quand même');
  await me.at(me.words.start);
});

test('inside another app that cannot film: told when the camera is asked for', async (t) => {
  const agent = 'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/150.0.0.0 Mobile Safari/537.36';
  const { me, page, token } = await opened(t, { at: 'document', agent, chrome: { ask: true, args: ['--deny-permission-prompts'] } });
  await openCamera(me);
  await me.at('Ouvrez cette page dans votre navigateur');
  await me.press('Copier le lien');
  await page.getByRole('button', { name: 'Lien copié' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${await base()}/continue#${token}`);
});

test('a link copied out of the app opens the same case', async (t) => {
  const { page, chrome, token } = await opened(t, { at: 'phone' });
  await page.locator('h1').waitFor();
  const other = await visit(chrome, { path: `/continue#${token}` });
  await new Applicant(other, 'fr', 'phone').at('Votre numéro de portable');
  assert.ok(!other.url().includes('idc_'), 'the secret has left the address');
});

test('old browser: said at the start, with what to do', async (t) => {
  const { me, page } = await opened(t, { init: () => delete window.MediaRecorder });
  await page.getByText('Ce navigateur ne peut pas filmer', { exact: false }).waitFor();
  await me.press('Ce que vous pouvez faire');
  await me.at('Ce navigateur ne peut pas filmer');
  await me.everywhere('65-old-browser');
});

test('no script at all: words in both languages', async (t) => {
  const chrome = await browser();
  t.after(() => chrome.close());
  const page = await visit(chrome, { context: { javaScriptEnabled: false } });
  await page.getByText('Cette page a besoin d’un navigateur récent').waitFor({ state: 'visible', timeout: 15_000 });
  await page.getByText('This page needs a recent browser').waitFor();
});

test('no HTTPS: said before anything is typed', async (t) => {
  const { port } = new URL(await base());
  const chrome = await browser({ args: ['--host-resolver-rules=MAP idproof.test 127.0.0.1'] });
  t.after(() => chrome.close());
  const context = await chrome.newContext({ locale: 'fr-FR' });
  const page = await context.newPage();
  await page.goto(`http://idproof.test:${port}/`);
  await page.getByRole('button', { name: 'Ce que vous pouvez faire' }).click();
  await page.getByRole('heading', { name: 'La connexion n’est pas sécurisée' }).waitFor();
});

test('no microphone: film without speaking', async (t) => {
  const { me, page } = await opened(t, {
    at: 'video',
    chrome: { video: face() },
    init: () => {
      const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (w) => (w.audio ? Promise.reject(new DOMException('', 'NotFoundError')) : real(w));
      navigator.mediaDevices.enumerateDevices = async () => (await list()).filter((d) => d.kind === 'videoinput');
    },
  });
  await me.press(me.words.ready);
  await me.at('Pas de micro');
  await me.everywhere('66-no-microphone');
  await me.press('Continuer sans parler');
  await me.at(me.words.levels);
  await page.getByText('pas nécessaire').waitFor();
  await me.press(me.words.startFilm);
  await page.locator('.pad').waitFor({ timeout: 20_000 });
  await me.look('67-touch');
  await page.locator('.pad button').first().click();
  await me.at(me.words.review);
  await me.look('68-review-quiet');
});

test('the permission question is never answered: said after a while, a late camera is switched off', async (t) => {
  const { me, page } = await opened(t, {
    at: 'document',
    chrome: { video: card('front') },
    init: () => {
      const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (w) => {
        await new Promise((done) => (window.answer = done));
        window.late = await real(w);
        return window.late;
      };
    },
  });
  await page.clock.install();
  await openCamera(me);
  await page.waitForTimeout(300);
  await page.clock.fastForward(26_000);
  await me.at('Nous attendons votre autorisation');
  await me.everywhere('69-prompt-timeout');
  await page.evaluate(() => window.answer());
  await page.waitForFunction(() => window.late?.getTracks().every((track) => track.readyState === 'ended'));
});

test('no network when the page opens: it goes on by itself once it is back', async (t) => {
  const { me, page } = await opened(t, { at: 'type' });
  await me.at(me.words.type);
  let cut = true;
  await page.route('**/v1/**', (route) => (cut ? route.abort('internetdisconnected') : route.continue()));
  await page.reload();
  await me.at('Pas de connexion');
  await me.everywhere('70-network');
  cut = false;
  await me.at(me.words.type);
});

test('no network when a form is sent: nothing typed is lost', async (t) => {
  const { me, page } = await opened(t, { at: 'email' });
  await me.at(me.words.email);
  await me.fill('email', 'a@exemple.fr');
  await page.context().setOffline(true);
  await me.press(me.words.sendCode);
  await page.getByText('Vos réponses sont gardées', { exact: false }).waitFor();
  await me.look('71-offline-form');
  await page.context().setOffline(false);
  await me.press(me.words.sendCode);
  await me.at(me.words.emailCode);
});

test('the service fails: said, and tried again', async (t) => {
  const { me, page } = await opened(t, { at: 'type' });
  let broken = true;
  await page.route('**/v1/cases/current', (route) => (broken ? route.fulfill({ status: 500, json: { code: 'internal' } }) : route.continue()));
  await page.reload();
  await me.at('Le service a un problème');
  await me.everywhere('72-server');
  broken = false;
  await me.press(me.words.retry);
  await me.at(me.words.type);
});

test('an expired or unknown link: begin again', async (t) => {
  const { me, page } = await opened(t, { path: '/continue#idc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' });
  await me.at('Ce lien n’est plus valable');
  await me.everywhere('73-expired');
  await me.press('Recommencer');
  await me.at(me.words.start);
  assert.equal(await page.evaluate(() => localStorage.getItem('idproof.token')), null);
});

async function filming(t, more = {}) {
  const all = await opened(t, { at: 'video', chrome: { video: face(), audio: voice() }, ...more });
  const { me, page } = all;
  await me.press(me.words.ready);
  await page.getByText(me.words.heard).waitFor({ timeout: 20_000 });
  await me.press(me.words.startFilm);
  await page.locator('.filming .digit').waitFor({ timeout: 20_000 });
  return all;
}
async function discarded(token) {
  const { id } = await call('GET', '/v1/cases/current', undefined, token);
  return (await call('GET', `/__mock/discarded/${id}`)).filter((u) => u.kind === 'selfie_video').map((u) => u.state);
}
const NOTHING_KEPT = () => indexedDB.databases().then((all) => all.length);

test('a telephone call while filming: the take does not count, another begins', async (t) => {
  const { me, page, token } = await filming(t);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await me.at('L’enregistrement s’est arrêté');
  await me.everywhere('74-interrupted');
  await page.waitForTimeout(500);
  assert.deepEqual(await discarded(token), ['discarded']);
  assert.equal(await page.evaluate(NOTHING_KEPT), 0, 'nothing of the take is kept');
  await page.evaluate(() => delete document.hidden);
  await me.press('Filmer à nouveau');
  await me.at(me.words.levels);
  await page.getByText(me.words.heard).waitFor({ timeout: 20_000 });
  await me.press(me.words.startFilm);
  await me.at(me.words.review);
});

test('a phone turned while filming', async (t) => {
  const { me, page, token } = await filming(t);
  await page.setViewportSize({ width: 740, height: 360 });
  await me.at('Tenez le téléphone droit');
  await me.everywhere('75-rotated');
  await page.waitForTimeout(500);
  assert.deepEqual(await discarded(token), ['discarded']);
});

test('a microphone cut while filming', async (t) => {
  const { me, page } = await filming(t, {
    init: () => {
      const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (w) => (window.stream = await real(w));
    },
  });
  await page.evaluate(() => window.stream.getAudioTracks()[0].dispatchEvent(new Event('mute')));
  await me.at('Le micro a été coupé');
  await me.everywhere('76-silent');
});

test('a mute that passes at once means nothing', async (t) => {
  const { me, page } = await filming(t, {
    init: () => {
      const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (w) => (window.stream = await real(w));
    },
  });
  await page.evaluate(() => {
    const [track] = window.stream.getAudioTracks();
    track.dispatchEvent(new Event('mute'));
    setTimeout(() => track.dispatchEvent(new Event('unmute')), 300);
  });
  await me.at(me.words.review);
});

test('the recorder fails', async (t) => {
  const { me, page } = await filming(t, {
    init: () => {
      const Real = window.MediaRecorder;
      window.MediaRecorder = class extends Real {
        constructor(...args) {
          super(...args);
          window.recorder = this;
        }
      };
    },
  });
  await page.evaluate(() => window.recorder.onerror?.(new Event('error')));
  await me.at('L’enregistrement n’a pas pu être gardé');
  await me.everywhere('77-lost');
});

test('a challenge that is too old: film again', async (t) => {
  const { me, page } = await opened(t, { at: 'video', chrome: { video: face(), audio: voice() } });
  await page.route('**/uploads', (route) => route.fulfill({ status: 409, json: { code: 'challenge_void' } }));
  await me.press(me.words.ready);
  await page.getByText(me.words.heard).waitFor({ timeout: 20_000 });
  await me.press(me.words.startFilm);
  await me.at('Cela a pris trop de temps');
  await me.everywhere('78-slow');
});

test('stopping by one’s own will throws the take away', async (t) => {
  const { me, page, token } = await filming(t);
  await me.press('Arrêter de filmer');
  await me.at(me.words.film);
  for (let n = 0; n < 50 && (await page.evaluate(NOTHING_KEPT)) !== 0; n++) await page.waitForTimeout(100);
  assert.deepEqual(await discarded(token), ['discarded']);
  assert.equal(await page.evaluate(NOTHING_KEPT), 0);
});

test('without any storage the way still works', async (t) => {
  const { me, page } = await opened(t, {
    init: () => {
      Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('', 'SecurityError'); } });
      Object.defineProperty(window, 'indexedDB', { get: () => { throw new DOMException('', 'SecurityError'); } });
    },
  });
  await me.consent();
  await me.at(me.words.email);
  assert.deepEqual(page.faults, []);
});
