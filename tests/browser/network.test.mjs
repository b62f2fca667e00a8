// Cut connections, closed tabs, both containers: what was filmed arrives whole, or does not count.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { caseAt } from './cases.mjs';
import { browser, call, stopBase, VAR, visit } from './harness.mjs';
import { face, voice } from './media.mjs';
import { Applicant } from './steps.mjs';

after(stopBase);

/** The recording as the service received it, decoded by FFmpeg: codecs, seconds, bytes. */
async function received(token, name) {
  const { id } = await call('GET', '/v1/cases/current', undefined, token);
  const { base64, capture } = await call('GET', `/__mock/video/${id}`);
  const file = `${VAR}${name}`;
  writeFileSync(file, Buffer.from(base64, 'base64'));
  const probe = (...args) => execFileSync('ffprobe', ['-v', 'error', ...args, '-of', 'csv=p=0', file]).toString().trim();
  const codecs = probe('-show_entries', 'stream=codec_name').split('\n').sort();
  const times = probe('-select_streams', 'v:0', '-show_entries', 'packet=pts_time').split('\n').map(Number);
  execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
  return { codecs, seconds: times.at(-1) - times[0], bytes: Buffer.byteLength(base64, 'base64'), capture, container: probe('-show_entries', 'format=format_name') };
}

async function begun(t, { init, chrome: given } = {}) {
  const chrome = given ?? (await browser({ video: face(), audio: voice() }));
  t.after(() => chrome.close());
  const token = await caseAt('video');
  const page = await visit(chrome, { token, init });
  const me = new Applicant(page, 'fr', 'phone');
  await me.press(me.words.ready);
  await page.getByText(me.words.heard).waitFor({ timeout: 20_000 });
  await me.press(me.words.startFilm);
  await page.locator('.filming .digit').waitFor({ timeout: 20_000 });
  return { me, page, token, chrome };
}

test('ten seconds without a network while filming: nothing is lost', async (t) => {
  const { me, page, token } = await begun(t, {
    init: () => {
      window.recorded = 0;
      const start = MediaRecorder.prototype.start;
      MediaRecorder.prototype.start = function (...how) {
        this.addEventListener('dataavailable', (event) => (window.recorded += event.data.size));
        return start.apply(this, how);
      };
    },
  });
  await page.context().setOffline(true);
  await page.getByText('votre vidéo est gardée', { exact: false }).waitFor();
  await me.look('90-film-offline');
  await page.waitForTimeout(10_000);
  await page.context().setOffline(false);
  await me.at(me.words.review);
  const video = await received(token, 'cut.webm');
  assert.deepEqual(video.codecs, ['opus', 'vp8']);
  assert.ok(video.seconds > 12, `${video.seconds} s`);
  assert.equal(video.bytes, await page.evaluate(() => window.recorded), 'what arrived is what was recorded, to the byte');
  assert.equal(video.capture.shown.length, 5);
});

test('no network at the end: sending waits, says so, and goes on by itself', async (t) => {
  const { me, page, token } = await begun(t);
  await page.context().setOffline(true);
  await me.at(me.words.sending);
  await page.getByText('L’envoi reprend tout seul', { exact: false }).waitFor();
  await me.look('91-sending-offline');
  await page.waitForTimeout(3000);
  await page.context().setOffline(false);
  await me.at(me.words.review);
  assert.ok((await received(token, 'late.webm')).seconds > 12);
});

test('the tab is closed while the video is being sent: reopening sends the rest', async (t) => {
  const { me, page, token } = await begun(t);
  await page.route('**/chunks/*', (route) => (Number(route.request().url().split('/').at(-1)) > 3 ? route.abort() : route.continue()));
  await me.at(me.words.sending);
  await page.waitForTimeout(1500);
  const again = await page.context().newPage();
  await page.close();
  await again.goto(page.url());
  await new Applicant(again, 'fr', 'phone').at(me.words.review);
  await again.getByText('Elle ne peut plus être montrée ici', { exact: false }).waitFor();
  const video = await received(token, 'resumed.webm');
  assert.ok(video.seconds > 12, `${video.seconds} s`);
  assert.equal(video.capture.shown.length, 5, 'the times of the steps came along');
  assert.equal(await again.evaluate(() => indexedDB.databases().then((d) => d.length)), 0, 'nothing is left behind');
});

test('the tab is closed while filming: the take does not count', async (t) => {
  const { me, page, token } = await begun(t);
  await page.waitForTimeout(2500);
  const again = await page.context().newPage();
  await page.close();
  await again.goto(page.url());
  const back = new Applicant(again, 'fr', 'phone');
  await back.at(me.words.film);
  const { id } = await call('GET', '/v1/cases/current', undefined, token);
  await again.waitForTimeout(500);
  assert.deepEqual((await call('GET', `/__mock/discarded/${id}`)).filter((u) => u.kind === 'selfie_video').map((u) => u.state), ['discarded']);
  assert.equal(await again.evaluate(() => indexedDB.databases().then((d) => d.length)), 0);
});

test('the browser dies while filming: said on return', async (t) => {
  const { me, page } = await begun(t);
  await page.waitForTimeout(2500);
  // No event reaches the page: as when a phone kills it.
  const again = await page.context().newPage();
  await page.goto('about:blank', { waitUntil: 'commit' }).catch(() => {});
  await again.goto(page.url() === 'about:blank' ? (await import('./harness.mjs').then((h) => h.base())) : page.url());
  await new Applicant(again, 'fr', 'phone').at(me.words.film);
});

test('a redo draws another challenge and throws the first take away', async (t) => {
  const { me, page, token } = await begun(t);
  await me.at(me.words.review);
  const challenges = [];
  page.on('response', async (r) => r.url().endsWith('/challenges') && challenges.push((await r.json()).id));
  await me.press(me.words.redo);
  await me.at(me.words.levels);
  await page.getByText(me.words.heard).waitFor({ timeout: 20_000 });
  await me.press(me.words.startFilm);
  await me.at(me.words.review);
  assert.equal(challenges.length, 1);
  const { id } = await call('GET', '/v1/cases/current', undefined, token);
  const states = (await call('GET', `/__mock/discarded/${id}`)).filter((u) => u.kind === 'selfie_video').map((u) => u.state);
  assert.deepEqual(states, ['discarded', 'complete']);
});

test('WebM without a duration arrives and decodes', async (t) => {
  const { me, token } = await begun(t);
  await me.at(me.words.review);
  const video = await received(token, 'plain.webm');
  assert.match(video.container, /webm/);
  assert.deepEqual(video.codecs, ['opus', 'vp8']);
});

test('MP4 arrives and decodes where the browser records no WebM', async (t) => {
  const { me, token } = await begun(t, {
    init: () => {
      const real = MediaRecorder.isTypeSupported.bind(MediaRecorder);
      MediaRecorder.isTypeSupported = (type) => !/webm/.test(type) && real(type);
    },
  });
  await me.at(me.words.review);
  const video = await received(token, 'plain.mp4');
  assert.match(video.container, /mp4/);
  assert.equal(video.codecs.length, 2);
  assert.ok(video.seconds > 12);
});
