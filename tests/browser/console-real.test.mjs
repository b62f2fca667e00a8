// The console of the real service: first administrator by command line, accounts with their second factor, a case from
// its applicant to a decision, two reviewers in two browsers of which one is killed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { applicant } from './applicant.mjs';
import { DESK, killable, Person, RECORDING, stopwatch, timesOf } from './desk.mjs';
import { browser, use, VAR, visit } from './harness.mjs';
import { startService } from './service.mjs';

const LEASE_S = 30;
const PASSWORD = 'une phrase assez longue';
const EVIL = `<img src=x onerror="window.hit=1"><svg onload=window.hit=1>`;

let service, chrome, pictures;
const people = {};
before(async () => {
  service = await startService({ IDPROOF_CONSOLE_UNDO_S: '2', IDPROOF_CONSOLE_LEASE_S: String(LEASE_S), IDPROOF_CONSOLE_DOUBLE_SHARE: '0', IDPROOF_CONSOLE_KNOWN_SHARE: '0' });
  use(service.address);
  chrome = await browser();
  const drawn = (name, colour) => {
    const file = `${VAR}media/console-${name}.jpg`;
    if (!existsSync(file)) execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=s=1600x1000,drawbox=x=100:y=100:w=1400:h=800:color=${colour}:t=fill`, '-frames:v', '1', file]);
    return file;
  };
  pictures = { front: drawn('front', 'skyblue'), back: drawn('back', 'khaki'), video: RECORDING };
});
after(async () => {
  await chrome?.close();
  await service?.stop();
});

/** The code of RFC 6238 for a secret in base32. */
function totp(secret) {
  const bits = [...secret.replace(/[\s=]/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Signs in for the first time: sets up the second factor, chooses a password, notes the recovery codes. */
async function first(name, password, chromium_ = chrome) {
  const page = await visit(chromium_, { size: DESK, path: '/console/' });
  await page.locator('input[autocomplete=username]').fill(name);
  await page.locator('input[type=password]').fill(password);
  await page.keyboard.press('Enter');
  const secret = (await page.locator('main code').textContent()).trim();
  await page.locator('input[autocomplete=one-time-code]').fill(totp(secret));
  for (const field of await page.locator('input[autocomplete=new-password]').all()) await field.fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('.codes li').first().waitFor();
  const codes = await page.locator('.codes li').allTextContents();
  assert.equal(codes.length, 10);
  await page.locator('main .button.primary').click();
  await page.locator('header nav').waitFor();
  people[name] = { codes };
  return new Person(page, 'fr');
}

let admin, ana, bruno;
test('the first administrator comes by command line and makes the others', async () => {
  const password = service.run('staff', 'add', '--name', 'admin', '--role', 'administrator').trim().split('\n').at(-1);
  admin = await first('admin', password);
  for (const [name, role] of [['ana', 'reviewer'], ['bruno', 'reviewer']]) {
    await admin.page.getByRole('button', { name: 'Nouveau compte' }).click();
    await admin.page.getByLabel('Identifiant').fill(name);
    await admin.page.getByLabel('Nom affiché').fill(`${name} ${EVIL}`.slice(0, 40));
    await admin.page.locator(`input[value=${role}]`).setChecked(true);
    await admin.page.getByRole('button', { name: 'Enregistrer' }).click();
    people[name] = { password: await admin.page.locator('.secret code').textContent() };
    await admin.page.getByRole('button', { name: 'C’est noté' }).click();
  }
  assert.deepEqual(admin.page.faults, []);
});

test('two reviewers in two browsers never hold one case; a killed one gives it back', async () => {
  for (let i = 0; i < 4; i++) await applicant(service, pictures, i === 0 ? { said: { birth_place: EVIL, postal_address: [EVIL] }, capture: { camera: { label: EVIL } } } : {});
  const doomed = await killable();
  ana = await first('ana', people.ana.password, doomed.chrome);
  bruno = await first('bruno', people.bruno.password);
  const [hers, his] = await Promise.all([ana.next(), bruno.next()]);
  assert.notEqual(hers, his);
  // Hers and the one fetched ahead for her, his likewise: four, all different.
  await bruno.page.waitForTimeout(1500);
  doomed.kill();
  await bruno.page.waitForTimeout(LEASE_S * 1000 + 1500);
  // He was idle as long: his are free again too.
  await bruno.page.goto(`${service.address}/console/#/queue`);
  await bruno.page.reload();
  await bruno.page.locator('.counts').waitFor();
  const seen = new Set([await bruno.next()]);
  for (let i = 0; i < 6 && !seen.has(hers); i++) {
    await decide(bruno, 't');
    seen.add(await bruno.number());
  }
  assert.ok(seen.has(hers), `${hers} among ${[...seen]}`);
  // The rest too, so that he holds none.
  while (await bruno.page.locator('main.case h1').count()) {
    await decide(bruno, 't');
    await bruno.page.locator('main.case h1, .note.good').first().waitFor();
  }
});

/** Looks, judges and decides with the first reason, if one is needed; waits for what comes next. */
async function decide(who, kind) {
  const { page } = who;
  const number = await who.number();
  await who.judge();
  await who.press(kind);
  await page.locator('.confirm').waitFor();
  if ('rte'.includes(kind) && !(await page.locator('.list input:checked').count())) await who.press('1');
  await page.locator('.preview').waitFor();
  await who.press('Enter');
  await page.waitForFunction((n) => !document.querySelector('main.case h1')?.textContent.includes(n), number);
}

test('a case goes from its applicant to a decision that can be undone until it takes effect', async () => {
  const case_ = await applicant(service, pictures);
  const { page } = bruno;
  await page.goto(`${service.address}/console/#/case/${case_.id}`);
  await page.reload();
  await page.waitForFunction((n) => document.querySelector('main.case h1')?.textContent.includes(n), case_.number);
  await bruno.press('x');
  await page.locator('.document img').waitFor();
  await page.locator('.wave').waitFor();
  assert.ok(await page.locator('.document img').evaluate((i) => i.naturalWidth > 0));
  await page.screenshot({ path: `${VAR}../screens/console-real-case.png` });
  await decide(bruno, 't');
  await bruno.press('u');
  await page.waitForFunction((n) => document.querySelector('main.case h1')?.textContent.includes(n), case_.number);
  assert.equal(await case_.state(), 'in_review');
  await decideAgain();
  await case_.until('retake_asked');
  async function decideAgain() {
    await bruno.press('t');
    await page.locator('.confirm').waitFor();
    await bruno.press('1', 'Enter');
    await page.waitForFunction((n) => !document.querySelector('main.case h1')?.textContent.includes(n), case_.number);
  }
  assert.equal(await page.evaluate(() => window.hit), undefined);
  assert.deepEqual(page.faults, []);
});

const QUEUE = 8;
test(`a queue of ${QUEUE} is cleared, each next case fetched ahead; how fast is told, not judged`, async (t) => {
  for (let i = 0; i < QUEUE; i++) await applicant(service, pictures);
  const { page } = bruno;
  await page.goto(`${service.address}/console/#/queue`);
  await page.reload();
  await page.locator('.counts').waitFor();
  await stopwatch(page);
  const seen = new Set([await bruno.next()]);
  for (let i = 0; i < QUEUE; i++) {
    const number = await bruno.number();
    seen.add(number);
    await bruno.judge();
    await bruno.press('t');
    await page.locator('.confirm').waitFor();
    if (!(await page.locator('.list input:checked').count())) await bruno.press('1');
    await page.locator('.preview').waitFor();
    await bruno.press('Enter');
    if (i < QUEUE - 1) await page.waitForFunction((n) => !document.querySelector('main.case h1')?.textContent.includes(n) && document.querySelector('main.case h1'), number);
    else await page.locator('.note.good').waitFor();
  }
  assert.equal(seen.size, QUEUE);
  const times = await timesOf(page);
  assert.equal(times.next_ms.of, QUEUE, 'every case was timed');
  // From the key to the next case's fields, and to the first picture of it that was opened.
  t.diagnostic(`idproof all, ${QUEUE} cases: ${JSON.stringify({ next_ms: times.next_ms, picture_ms: times.picture_ms })}`);
  writeFileSync(`${VAR}console-real-times.json`, JSON.stringify(times));
  assert.deepEqual(page.faults, []);
});

test('whoever lost the device enters by a recovery code, once', async () => {
  const enter = async (code) => {
    const page = await visit(chrome, { size: DESK, path: '/console/' });
    await page.locator('input[autocomplete=username]').fill('bruno');
    await page.locator('input[type=password]').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /pas mon appareil/ }).click();
    await page.getByLabel('Code de secours').fill(code);
    await page.keyboard.press('Enter');
    return page;
  };
  const code = people.bruno.codes[0].trim();
  await (await enter(code)).locator('header nav').waitFor();
  await (await enter(code)).locator('.note.bad').waitFor();
});
