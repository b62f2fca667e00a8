// Reviewers at work in the console: by keyboard alone, never two on one case, blind first, undo, and nothing an
// applicant wrote ever becomes markup.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { begin, cases, killable, Person, stopwatch, timesOf } from './desk.mjs';
import { browser, call, stopBase, VAR, visit } from './harness.mjs';

let chrome;
before(async () => void (chrome = await browser()));
after(async () => {
  await chrome?.close();
  await stopBase();
});

test('a queue of 50 cases is cleared by keyboard alone, how fast is told, not judged', async () => {
  await begin({ cases: 50, undo_s: 1 });
  const ana = await Person.signIn(chrome, 'ana');
  const { page } = ana;
  await stopwatch(page);
  // A case that was decided is not asked for again.
  const takes = [];
  page.on('request', (request) => void (request.url().endsWith('/take') && takes.push(request.url())));
  const seen = new Set();
  await ana.next();
  for (let i = 0; i < 50; i++) {
    const number = await ana.number();
    assert.ok(!seen.has(number), `${number} came twice`);
    seen.add(number);
    await ana.judge(String((i % 3) + 1), String((i % 5) + 1));
    // Accept, refuse, retake, hand on, and once coercion.
    const kind = i === 7 ? 'c' : 'arte'[i % 4];
    await ana.press(kind);
    await page.locator('.confirm').waitFor();
    if ('rte'.includes(kind) && !(await page.locator('.list input:checked').count())) await ana.press('1');
    // One of them is traced, to see what the time goes into.
    if (i === 1) await chrome.startTracing(page, { path: `${VAR}console-next.trace.json` });
    await ana.press('Enter');
    if (i === 2) await chrome.stopTracing();
    if (i < 49) await page.waitForFunction((n) => !document.querySelector('main.case h1')?.textContent.includes(n) && document.querySelector('main.case h1'), number);
    else await page.locator('.note.good').waitFor();
  }
  const { shown, opened, ...times } = await timesOf(page);
  const figures = { cases: seen.size, ...times };
  console.log(JSON.stringify(figures));
  writeFileSync(`${VAR}console-times.json`, JSON.stringify({ ...figures, shown, opened }));
  assert.equal(seen.size, 50);
  assert.deepEqual(takes, []);
  assert.ok((await cases()).every((c) => c.by.length === 1));
  assert.deepEqual(page.faults, []);
  await ana.close();
});

test('two reviewers never hold one case, and a killed one gives it back', async () => {
  await begin({ cases: 3, lease_s: 3 });
  const doomed = await killable();
  const [ana, bruno] = [await Person.signIn(doomed.chrome, 'ana'), await Person.signIn(chrome, 'bruno')];
  const first = await ana.next();
  // Ana holds two: the one in view and the one fetched ahead.
  while ((await cases()).filter((c) => c.holder).length < 2) await ana.page.waitForTimeout(50);
  const other = await bruno.next();
  assert.notEqual(first, other);
  const held = (await cases()).filter((c) => c.holder).map((c) => `${c.number} ${c.holder.staff}`);
  assert.equal(new Set(held.map((h) => h.split(' ')[0])).size, held.length);
  // Bruno cannot open Ana's by its address.
  const hers = (await cases()).find((c) => c.number === first);
  await bruno.page.goto(bruno.page.url().replace(/#.*/, `#/case/${hers.id}`));
  await bruno.page.reload();
  await bruno.page.locator('.note.bad').waitFor();
  assert.match(await bruno.page.locator('.note.bad').textContent(), /Quelqu’un d’autre/);
  // Killed, not signed out: what she held comes back after the lease.
  doomed.kill();
  await bruno.page.waitForTimeout(3300);
  await bruno.page.goto(bruno.page.url().replace(/#.*/, '#/queue'));
  await bruno.page.locator('.counts').waitFor();
  assert.equal(await bruno.next(), first);
  await bruno.close();
});

test('blind first: no score before one’s own judgement, and no picture before it is asked for', async () => {
  await begin({ cases: 2 });
  const ana = await Person.signIn(chrome, 'ana');
  const { page } = ana;
  const media = [];
  page.on('request', (r) => /\/media\//.test(r.url()) && media.push(r.url()));
  await ana.next();
  await page.waitForTimeout(300);
  assert.deepEqual(media, []);
  assert.equal(await page.locator('main.case img, main.case video').count(), 0);
  const text = await page.locator('main.case').textContent();
  assert.doesNotMatch(text, /0,52|MARCHEVENTMARCHEVENT|identiques ni clairement/);
  // The judgement waits for the pictures, the decision for the judgement.
  await ana.press('1');
  assert.equal(await page.locator('.judge [aria-pressed=true]').count(), 0);
  await ana.press('a');
  assert.equal(await page.locator('.confirm').count(), 0);
  assert.match(await page.locator('.told').textContent(), /avis/);
  await ana.judge();
  assert.match(await page.locator('main.case').textContent(), /0,52/);
  assert.match(await page.locator('.given').textContent(), /la même.*4/);
  assert.ok(media.length >= 8);
  const video = page.locator('video');
  assert.equal(await video.getAttribute('controls'), null);
  assert.match(await video.getAttribute('controlslist'), /nodownload/);
  assert.match(await page.locator('.water').first().textContent(), /Ana Duval/);
  await ana.close();
});

test('the player jumps from mark to mark by keys, and the sound is drawn', async () => {
  await begin({ cases: 1 });
  const ana = await Person.signIn(chrome, 'ana');
  const { page } = ana;
  await ana.next();
  await ana.judge();
  await page.locator('.wave canvas').waitFor();
  const at = () => page.locator('video').evaluate((v) => Math.round(v.currentTime * 10) / 10);
  await page.waitForFunction(() => document.querySelector('video').readyState >= 2);
  const stops = [];
  for (let i = 0; i < 4; i++) {
    await ana.press('d');
    await page.waitForTimeout(120);
    stops.push(await at());
  }
  assert.deepEqual(stops, [1, 1.3, 2.6, 2.9]);
  await ana.press('s');
  await page.waitForTimeout(120);
  assert.equal(await at(), 2.6);
  // The frame that says most of each sign of an attack is shown by its button.
  const sign = page.getByRole('row', { name: /Trame d’écran/ });
  assert.match(await sign.textContent(), /3,6/);
  await sign.getByRole('button').click();
  await page.waitForTimeout(120);
  assert.equal(await at(), 3);
  await page.locator('main.case h1').focus();
  // Dark where the voice is, empty where it is silent.
  const drawn = await page.locator('.wave canvas').evaluate((canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    const ink = (x) => Array.from({ length: height }, (_, y) => data[(y * width + x) * 4 + 3] > 0).filter(Boolean).length;
    const columns = Array.from({ length: width }, (_, x) => ink(x));
    return { most: Math.max(...columns) / height, first: ink(2) / height };
  });
  assert.ok(drawn.most > 0.25 && drawn.first < 0.1, JSON.stringify(drawn));
  await ana.press('Space');
  await page.waitForFunction(() => !document.querySelector('video').paused);
  await ana.press('Space', 'f', 'g', 'v', 'z', 'q');
  await page.locator('[aria-pressed=true]', { hasText: 'Alterner' }).waitFor();
  assert.deepEqual(page.faults, []);
  await ana.close();
});

test('what was read is outlined on the straightened card, red where it differs, and a lane without data says so', async () => {
  await begin({ cases: 5 });
  const claire = await Person.signIn(chrome, 'claire');
  const { page } = claire;
  const boxes = (kind) => page.locator(`.viewer polygon.${kind}`).count();
  await claire.next();
  await claire.press('x');
  await page.locator('.document img').waitFor();
  // Not before one's own judgement.
  assert.equal(await page.locator('.viewer polygon').count(), 0);
  assert.equal(await page.locator('.lanes canvas').count(), 0);
  await claire.press('1', '4');
  await page.locator('.given').waitFor();
  await page.locator('.viewer polygon').first().waitFor();
  assert.deepEqual([await boxes('field'), await boxes('differs'), await boxes('portrait')], [4, 0, 1]);
  await page.getByText(/Ouverture de la bouche.* – non mesuré pour ce dossier/).waitFor();
  await page.getByRole('img', { name: /^Tête.*Demandé à 3 s : tête à gauche/ }).waitFor();
  await page.getByLabel('Repérer ce qui a été lu').uncheck();
  assert.equal(await page.locator('.viewer polygon').count(), 0);
  await page.getByLabel('Repérer ce qui a été lu').check();
  await claire.press('v');
  await page.getByLabel('Contour trouvé').waitFor();
  assert.equal(await boxes('outline'), 1);
  // The case whose declared name is not that of the zone: the print and the very letters of the zone are red.
  const list = await page.evaluate(() => fetch('/console/api/queue').then((r) => r.json()));
  const differs = list.items.find((one) => one.reasons.includes('identity_differs'));
  await page.evaluate((id) => (location.hash = `#/case/${id}`), differs.id);
  await page.waitForFunction((n) => document.querySelector('main.case h1')?.textContent.includes(n), differs.number);
  await claire.judge();
  await page.locator('.viewer polygon.field.differs').waitFor();
  await page.getByText(/^corrélation 0,47/).waitFor();
  await page.screenshot({ path: `${VAR}../screens/console-case-differs.png` });
  await claire.press('v', 'v');
  await page.locator('.viewer polygon.zone.differs').waitFor();
  await page.screenshot({ path: `${VAR}../screens/console-case-differs-back.png` });
  await claire.close();
});

test('a decision is undone within its time, with the seconds shown, and not after', async () => {
  await begin({ cases: 3, undo_s: 4 });
  const ana = await Person.signIn(chrome, 'ana');
  const { page } = ana;
  const first = await ana.next();
  await ana.judge();
  await ana.press('a');
  await page.locator('.preview').waitFor();
  assert.match(await page.locator('.preview').textContent(), /Votre identité est confirmée/);
  await ana.press('Enter');
  await page.locator('.toast').waitFor();
  assert.match(await page.locator('.toast .left').textContent(), /^[1-4] s$/);
  await page.waitForFunction((n) => document.querySelector('main.case h1') && !document.querySelector('main.case h1').textContent.includes(n), first);
  await ana.press('u');
  await page.waitForFunction((n) => document.querySelector('main.case h1').textContent.includes(n), first);
  assert.equal((await cases()).find((c) => c.number === first).by.length, 0);
  // Again, and this time it stands; Enter confirms although the focus has left the button.
  await ana.press('a');
  await page.locator('.confirm').waitFor();
  await page.locator('.confirm').evaluate((button) => button.blur());
  await ana.press('Enter');
  await page.locator('.toast').waitFor();
  await page.locator('.toast').waitFor({ state: 'detached', timeout: 8000 });
  assert.equal((await cases()).find((c) => c.number === first).state, 'accepted');
  await ana.close();
});

test('a refusal waits for a second person, who does not know of the first', async () => {
  await begin({ cases: 1, undo_s: 1 });
  const ana = await Person.signIn(chrome, 'ana');
  const number = await ana.next();
  await ana.judge('2');
  await ana.press('r');
  await ana.page.locator('.list').waitFor();
  assert.match(await ana.page.locator('.decide').textContent(), /seconde personne/);
  await ana.press('Enter');
  assert.match(await ana.page.locator('.told').textContent(), /au moins un motif/);
  await ana.press('1', 'Enter');
  await ana.page.locator('.note.good').waitFor();
  await ana.page.waitForTimeout(1200);
  assert.equal((await cases())[0].state, 'in_review');
  // She gets it no more; Bruno does, blind.
  await ana.press('n');
  await ana.page.locator('.note.good').waitFor();
  const bruno = await Person.signIn(chrome, 'bruno');
  assert.equal(await bruno.next(), number);
  assert.doesNotMatch(await bruno.page.locator('main').textContent(), /Ana/);
  await bruno.judge('2');
  await bruno.press('r');
  await bruno.page.locator('.list').waitFor();
  await bruno.press('1', 'Enter');
  await bruno.page.locator('.note.good').waitFor();
  await bruno.page.waitForTimeout(1200);
  assert.equal((await cases())[0].state, 'refused');
  await ana.close();
  await bruno.close();
});

test('two who differ leave the case to a senior, who learns of it and settles it; what is handed on says why', async () => {
  await begin({ cases: 2, undo_s: 1 });
  const ana = await Person.signIn(chrome, 'ana');
  const disputed = await ana.next();
  await ana.judge('2');
  await ana.press('r');
  await ana.page.locator('.list').waitFor();
  await ana.press('1', 'Enter');
  await ana.page.waitForFunction((n) => document.querySelector('main.case h1') && !document.querySelector('main.case h1').textContent.includes(n), disputed);
  const handed = await ana.number();
  await ana.judge('3', '1');
  await ana.press('e');
  await ana.page.locator('.list').waitFor();
  await ana.press('1', 'w');
  await ana.page.keyboard.type('Regardez le bord du portrait.');
  await ana.press('Control+Enter');
  await ana.page.locator('.note.good').waitFor();
  const bruno = await Person.signIn(chrome, 'bruno');
  await ana.page.waitForTimeout(1200);
  assert.equal(await bruno.next(), disputed);
  await bruno.judge('1');
  await bruno.press('a');
  await bruno.page.locator('.confirm').waitFor();
  await bruno.press('Enter');
  await bruno.page.locator('.note.good').waitFor();
  await bruno.page.waitForTimeout(1200);
  const claire = await Person.signIn(chrome, 'claire');
  await claire.page.locator('select').first().selectOption('escalated');
  await claire.page.locator('tbody tr').nth(1).waitFor();
  for (const [number, said] of [[disputed, /Deux personnes ont décidé autrement/], [handed, /Transmis par Ana Duval[^]*Regardez le bord du portrait/]]) {
    await claire.page.getByRole('button', { name: `Prendre ${number}` }).or(claire.page.getByRole('button', { name: `Reprendre ${number}` })).click();
    await claire.page.waitForFunction((n) => document.querySelector('main.case h1')?.textContent.includes(n), number);
    assert.match(await claire.page.locator('main.case').textContent(), said);
    await claire.page.evaluate(() => (location.hash = '#/queue'));
    await claire.page.locator('select').first().selectOption('escalated');
  }
  for (const one of [ana, bruno, claire]) await one.close();
});

test('letters are off where one writes, and can be switched off altogether', async () => {
  await begin({ cases: 1 });
  const ana = await Person.signIn(chrome, 'ana');
  const { page } = ana;
  await ana.next();
  await ana.judge();
  await ana.press('w');
  await page.keyboard.type('trace carte, été');
  assert.equal(await page.locator('#note').inputValue(), 'trace carte, été');
  assert.equal(await page.locator('.confirm').count(), 0);
  await ana.press('Escape', '?');
  await page.locator('dialog[open]').waitFor();
  await page.locator('dialog input[type=checkbox]').uncheck();
  await ana.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await ana.press('a');
  assert.equal(await page.locator('.confirm').count(), 0);
  // Help opens all the same; it is how they come back.
  await ana.press('?');
  await page.locator('dialog input[type=checkbox]').check();
  await ana.press('Escape', 'a');
  await page.locator('.confirm').waitFor();
  await ana.close();
});

const EVIL = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>"'><svg onload=window.hit=1>{@html '<b>'}{{7*7}}`;
test('nothing an applicant wrote becomes markup, wherever it is shown', async () => {
  await begin({ cases: 2, evil: EVIL });
  const claire = await Person.signIn(chrome, 'claire');
  const { page } = claire;
  const violations = [];
  page.on('console', (m) => /Content Security Policy/i.test(m.text()) && violations.push(m.text()));
  await claire.next();
  await claire.judge();
  await page.locator('details').evaluateAll((all) => all.forEach((d) => (d.open = true)));
  const text = await page.locator('main').textContent();
  // Declared name, first names, sex, birth, place, nationality, number; appeal; camera label and browser.
  assert.ok(text.split('window.hit=1').length - 1 >= 10 * 3, 'the fields are shown as they were written');
  const made = await page.evaluate(() => ({ hit: window.hit, tags: document.querySelectorAll('img[src=x], main script, svg[onload], main b:not([class])').length }));
  assert.deepEqual(made, { hit: undefined, tags: 0 });
  assert.deepEqual(violations, []);
  assert.deepEqual(page.faults, []);
  await page.screenshot({ path: `${VAR}../screens/console-hostile.png` });
  await claire.close();
});

const MAY = {
  ana: ['queue'],
  claire: ['queue', 'board', 'policy', 'quality', 'cases'],
  omar: ['queue', 'board', 'policy', 'integrators'],
  audrey: ['board', 'policy', 'integrators', 'quality', 'cases', 'audit'],
  admin: ['board', 'integrators', 'staff'],
};
test('each role sees only what it may do', async () => {
  await begin({ cases: 2 });
  const paths = { queue: '/queue/counts', board: '/dashboards/backlog', policy: '/policies', integrators: '/organisations', quality: '/statistics', cases: '/cases', audit: '/audit', staff: '/staff' };
  for (const [name, pages] of Object.entries(MAY)) {
    const one = await Person.signIn(chrome, name);
    const { page } = one;
    assert.deepEqual(await page.locator('header nav a').evaluateAll((all) => all.map((a) => a.hash.slice(2))), pages, name);
    for (const [wanted, path] of Object.entries(paths)) {
      await page.evaluate((to) => (location.hash = `#/${to}`), wanted);
      await page.locator('main h1').waitFor();
      await page.waitForTimeout(60);
      const forbidden = /pour votre rôle/.test(await page.locator('main h1').textContent());
      assert.equal(forbidden, !pages.includes(wanted), `${name} at ${wanted}`);
      const status = await page.evaluate((p) => fetch(`/console/api${p}`).then((r) => r.status), path);
      assert.equal(status === 200, pages.includes(wanted), `${name} asks ${path}`);
    }
    if (name === 'omar') {
      await page.evaluate(() => (location.hash = '#/queue'));
      await page.locator('table').waitFor();
      assert.equal(await page.getByRole('button', { name: /Prendre|suivant/ }).count(), 0);
    }
    await one.close();
  }
});

test('an auditor downloads the evidence file of a case', async () => {
  await begin({ cases: 2 });
  const audrey = await Person.signIn(chrome, 'audrey');
  const { page } = audrey;
  await page.evaluate(() => (location.hash = '#/cases'));
  for (const kind of ['PDF', 'JSON']) {
    const link = page.getByRole('link', { name: new RegExp(`^${kind}`) }).first();
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.match(download.suggestedFilename(), new RegExp(`evidence.*\\.${kind.toLowerCase()}$`));
  }
  await audrey.close();
});

test('an administrator makes an account, resets and disables one, and cannot make a reviewer of an administrator', async () => {
  await begin({ cases: 1 });
  const admin = await Person.signIn(chrome, 'admin');
  const { page } = admin;
  await page.getByRole('button', { name: 'Nouveau compte' }).click();
  await page.getByLabel('Identifiant').fill('zoe');
  await page.getByLabel('Nom affiché').fill('Zoé <b>Martin</b>');
  await page.locator('input[value=administrator]').check();
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByText('Un administrateur ne peut pas contrôler').waitFor();
  await page.locator('input[value=administrator]').uncheck();
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  assert.match(await page.locator('.secret').textContent(), /\S{10,}/);
  await page.getByRole('button', { name: 'C’est noté' }).click();
  await page.getByRole('rowheader', { name: 'Zoé <b>Martin</b>' }).waitFor();
  await page.getByRole('button', { name: 'Réinitialiser Ana Duval' }).click();
  await page.locator('dialog .button.danger').click();
  await page.locator('.secret').waitFor();
  await page.getByRole('button', { name: 'C’est noté' }).click();
  await page.getByRole('button', { name: 'Désactiver Bruno Keller' }).click();
  await page.getByRole('button', { name: 'Activer Bruno Keller' }).waitFor();
  await admin.close();
});

test('signing in: wrong ones are refused alike, the recovery code works, the first time sets both factors up', async () => {
  await begin({ cases: 1 });
  const page = await visit(chrome, { size: { width: 1280, height: 800 }, path: '/console/' });
  const enter = async (name, password) => {
    await page.getByLabel('Identifiant').fill(name);
    await page.getByLabel('Mot de passe').fill(password);
    await page.keyboard.press('Enter');
  };
  await page.getByLabel('Identifiant').waitFor();
  for (const [name, password] of [['ana', 'wrong'], ['nobody', 'mock']]) {
    await enter(name, password);
    await page.locator('.note.bad').waitFor();
    assert.match(await page.locator('.note.bad').textContent(), /Identifiant, mot de passe ou code faux/);
  }
  await enter('bruno', 'mock');
  const code = page.locator('input[autocomplete=one-time-code]');
  for (let i = 0; i < 6; i++) {
    await code.fill('000000');
    const answer = page.waitForResponse((r) => r.url().endsWith('/totp'));
    await page.keyboard.press('Enter');
    await answer;
  }
  await page.getByText(/compte est verrouillé.*À nouveau possible/).waitFor();
  await page.getByRole('button', { name: 'Autre compte' }).click();
  await enter('ana', 'mock');
  await page.getByRole('button', { name: /pas mon appareil/ }).click();
  await page.getByLabel('Code de secours').fill('abcd-efgh-ijkl');
  await page.keyboard.press('Enter');
  await page.locator('header nav').waitFor();
  // The sessions are listed, and closing this one ends it here.
  await page.getByRole('link', { name: 'Ana Duval' }).click();
  await page.getByText('celle-ci').waitFor();
  await page.getByRole('button', { name: 'Fermer la session' }).first().click();
  await enter('fresh', 'mock');
  await page.locator('svg[role=img]').waitFor();
  await page.locator('input[autocomplete=one-time-code]').fill('123456');
  const fresh = page.locator('input[autocomplete=new-password]');
  await fresh.nth(0).fill('kurz');
  await fresh.nth(1).fill('kurz');
  await page.keyboard.press('Enter');
  await page.locator('.note.bad').waitFor();
  await fresh.nth(0).fill('une phrase assez longue');
  await fresh.nth(1).fill('une phrase assez longue');
  await page.keyboard.press('Enter');
  await page.locator('.codes li').first().waitFor();
  assert.equal(await page.locator('.codes li').count(), 10);
  await page.locator('main .button.primary').click();
  await page.locator('header nav').waitFor();
  await page.context().close();
});

test('a case left idle is taken away: the page says so, forgets the pictures and sends nothing', async () => {
  await begin({ cases: 2, lease_s: 2 });
  const ana = await Person.signIn(chrome, 'ana');
  const { page } = ana;
  await ana.next();
  await ana.judge();
  await page.waitForTimeout(2300);
  await ana.press('a');
  await page.locator('.confirm').waitFor();
  await ana.press('Enter');
  await page.getByRole('heading', { name: /plus à vous/ }).waitFor();
  assert.equal(await page.locator('img[src^=blob], video').count(), 0);
  assert.ok((await cases()).every((c) => c.by.length === 0));
  await page.getByRole('button', { name: 'Dossier suivant' }).click();
  await ana.number();
  await ana.close();
});

test('a session that ends at work leads to the sign-in, and says so', async () => {
  await begin({ cases: 1 });
  const ana = await Person.signIn(chrome, 'ana');
  await ana.next();
  await ana.press('x');
  await ana.page.locator('.well img').first().waitFor();
  await ana.page.context().clearCookies();
  await ana.page.locator('.judge button:not([disabled])').first().waitFor();
  await ana.press('1', '3');
  await ana.page.locator('input[autocomplete=username]').waitFor();
  assert.match(await ana.page.locator('main').textContent(), /session a pris fin/);
  assert.equal(await ana.page.locator('img[src^=blob], video').count(), 0);
  await ana.close();
});

test('the policy of the pages forbids what is not theirs, and no frame may hold them', async () => {
  await begin({ cases: 1 });
  const page = await visit(chrome, { size: { width: 1280, height: 800 }, path: '/console/' });
  const headers = (await page.request.get(page.url())).headers();
  const policy = headers['content-security-policy'];
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'none'"]) assert.ok(policy.includes(part), part);
  for (const never of ['unsafe', 'data:', 'https:', '*']) assert.ok(!policy.includes(never), never);
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.equal(headers['cache-control'], 'no-store');
  await page.locator('form').waitFor();
  const blocked = await page.evaluate(async () => {
    const seen = [];
    addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
    const script = document.createElement('script');
    script.setAttribute('nonce', 'x');
    try {
      script.text = 'window.hit = 1';
    } catch {
      seen.push('trusted-types');
    }
    document.body.append(script);
    document.body.append(Object.assign(new Image(), { src: 'https://example.org/x.png' }));
    await new Promise((done) => setTimeout(done, 300));
    return { seen, hit: window.hit };
  });
  assert.equal(blocked.hit, undefined);
  assert.ok(blocked.seen.some((s) => /img-src/.test(s)) && blocked.seen.length >= 2, JSON.stringify(blocked));
  await page.context().close();
  await call('POST', '/__mock/console/reset', {});
});
