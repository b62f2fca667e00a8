// What operators look at before they change a policy: any two versions side by side, the drift of one organisation's
// scores, and a version from before the program knew a check.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begin, Person } from './desk.mjs';
import { browser, stopBase } from './harness.mjs';

let chrome;
before(async () => void (chrome = await browser()));
after(async () => {
  await chrome?.close();
  await stopBase();
});

test('any two versions are compared, said aloud and swapped', async () => {
  await begin({ cases: 1 });
  const claire = await Person.signIn(chrome, 'claire', { path: '/console/#/policy/version/pol_2026112' });
  const { page } = claire;
  // From a withdrawn version, which is compared with nothing by itself.
  await page.getByRole('link', { name: 'Comparer à une autre' }).click();
  await page.getByRole('heading', { name: 'Comparer deux versions' }).waitFor();
  const said = page.getByRole('status').filter({ hasText: 'différence' });
  await said.getByText('Une différence de 2026-11-1 à 2026-11-2.').waitFor();
  await page.getByLabel('De', { exact: true }).selectOption('pol_2026114');
  await said.getByText('2 différences de 2026-11-4 à 2026-11-2.').waitFor();
  const table = page.getByRole('table', { name: 'Ce qui change' });
  const cells = async (row) => (await table.getByRole('row').nth(row).getByRole('cell').allTextContents()).map((text) => text.trim());
  assert.equal(await table.getByRole('row').count(), 3);
  assert.match((await cells(1)).join(' '), /^0\.55 .* 0\.9 /);
  await page.getByRole('button', { name: 'Inverser' }).click();
  await said.getByText('2 différences de 2026-11-2 à 2026-11-4.').waitFor();
  assert.match((await cells(1)).join(' '), /^0\.9 .* 0\.55 /);
  // A version against itself.
  await page.getByLabel('À', { exact: true }).selectOption('pol_2026112');
  await said.getByText('Aucune différence').waitFor();
  await claire.look('90-policy-compare-none');
  await claire.close();
});

test('the drift of one organisation’s scores is told apart from everybody’s', async () => {
  await begin({ cases: 1 });
  const omar = await Person.signIn(chrome, 'omar', { path: '/console/#/policy/drift' });
  const { page } = omar;
  const rows = page.getByRole('table', { name: 'Dérive des scores' }).locator('tbody tr');
  await page.getByRole('status').getByText('Portée : tout le monde').waitFor();
  assert.equal(await rows.count(), 4);
  await page.getByLabel('Dossiers de').selectOption('org_demo');
  await page.getByRole('status').getByText('Portée : Banque de démonstration').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('main tbody tr').length > 0);
  await rows.nth(1).waitFor();
  await page.waitForFunction(() => document.querySelector('main section table tbody').children.length === 2);
  await omar.look('91-policy-drift-organisation');
  await page.getByLabel('Dossiers de').selectOption('org_city');
  await page.getByText('Aucun score gardé sur cette période.').waitFor();
  await omar.close();
});

test('a version that lacks checks says so and is proposed again with them', async () => {
  await begin({ cases: 1, older: true });
  const omar = await Person.signIn(chrome, 'omar', { path: '/console/#/policy' });
  const { page } = omar;
  await page.getByText('les dossiers attendent').waitFor();
  await omar.look('92-policy-lacks');
  await page.getByRole('link', { name: 'Version 2026-11-4' }).click();
  await page.getByText('Un contrôle du programme manque').waitFor();
  await omar.look('93-policy-version-lacks');
  await page.getByRole('button', { name: 'Nouvelle version avec les nouveaux contrôles' }).click();
  await page.locator('#threshold-liveness_accept').waitFor();
  await page.locator('#reason').fill('Le programme contrôle plus');
  await page.getByText('✓ Valide').waitFor();
  await page.getByRole('button', { name: 'Proposer' }).click();
  await page.getByRole('heading', { name: /Version 2026-11-5/ }).waitFor();
  assert.equal(await page.getByText('manque dans ce texte').count(), 0);
  await omar.close();
});
