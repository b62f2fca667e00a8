// Operators at work: a policy proposed, tried and approved by keyboard alone, a message sent again, a key made once.

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

/** Moves the focus with Tab until it is on something whose name or id matches; nothing but the keyboard. */
async function tabTo(page, wanted) {
  for (let i = 0; i < 400; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const here = document.activeElement;
      const label = here?.labels?.[0]?.textContent ?? '';
      return `${here?.id ?? ''} | ${here?.getAttribute('aria-label') ?? ''} | ${label} | ${here?.textContent?.trim().slice(0, 60) ?? ''}`;
    });
    if (wanted.test(at)) return at;
  }
  throw new Error(`no way by Tab to ${wanted}`);
}
const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
const open = async (who, path) => {
  await who.page.evaluate((to) => (location.hash = `#/${to}`), path);
  await who.page.locator('main h1').waitFor();
};

test('a policy is proposed, tried and approved by two people, by keyboard alone', async () => {
  await begin({ cases: 1 });
  const omar = await Person.signIn(chrome, 'omar');
  const { page } = omar;
  await tabTo(page, /\| Politique$/);
  await press(page, 'Enter');
  await page.getByRole('heading', { name: 'En vigueur' }).waitFor();
  await tabTo(page, /Partir de celle-ci 2026-11-1/);
  await press(page, 'Enter');
  await page.locator('#threshold-liveness_accept').waitFor();
  // By the slider, arrow by arrow, then the number itself.
  await tabTo(page, /Curseur : \(fr\) From here on the frames count as bona fide/);
  await press(page, 'ArrowRight', 'ArrowRight');
  await tabTo(page, /^threshold-liveness_accept/);
  assert.ok(Number(await page.locator('#threshold-liveness_accept').inputValue()) > 0.6);
  await press(page, 'Control+a');
  await page.keyboard.type('0,75');
  await page.getByText('thresholds.liveness_accept').waitFor();
  // What cannot be is refused by its name, at once and by the service, and nothing can be proposed.
  await tabTo(page, /^threshold-liveness_refuse/);
  await press(page, 'Control+a');
  await page.keyboard.type('0.9');
  await page.getByText('Les plages se chevauchent').first().waitFor();
  await tabTo(page, /^reason/);
  await page.keyboard.type('Plus sûr contre les écrans');
  await page.getByText('Vérification…').waitFor({ state: 'detached' });
  assert.ok(await page.getByRole('button', { name: 'Proposer' }).isDisabled());
  await page.locator('#threshold-liveness_refuse').focus();
  await press(page, 'Control+a');
  await page.keyboard.type('0.2');
  await page.getByText('✓ Valide').waitFor();
  // What if.
  await tabTo(page, /Et si… : rejouer/);
  await press(page, 'Enter');
  await tabTo(page, /Rejouer$/);
  await press(page, 'Enter');
  await page.getByRole('heading', { name: /dossiers sur 800 changent de côté/ }).waitFor();
  const [, changed] = /^(\d+) dossiers/.exec(await page.getByRole('heading', { name: /changent de côté/ }).textContent()).map(Number);
  assert.ok(changed > 0);
  assert.equal(await page.getByRole('region', { name: /changent de côté/ }).locator('tbody tr').count(), changed);
  await page.getByText('non soutenu par les données').first().waitFor();
  // Back to the draft, which is still there, and propose.
  await page.goBack();
  await page.getByText('✓ Valide').waitFor();
  await tabTo(page, /Proposer$/);
  await press(page, 'Enter');
  await page.getByRole('heading', { name: /Version 2026-11-5/ }).waitFor();
  const address = page.url();
  await page.getByText(/Vous ne pouvez pas approuver/).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Approuver' }).count(), 0);

  const olga = await Person.signIn(chrome, 'olga');
  await olga.page.goto(address);
  await tabTo(olga.page, /\| Approuver$/);
  await press(olga.page, 'Enter');
  await olga.page.locator('dialog').waitFor();
  await tabTo(olga.page, /Approuver 2026-11-5/);
  await press(olga.page, 'Enter');
  await olga.page.getByText('✓ en vigueur').waitFor();
  await olga.page.getByText(/Approuvée par Olga Marin/).waitFor();
  await omar.close();
  await olga.close();
});

test('a claim that the data do not carry is marked and cannot be approved; a withdrawn version is gone', async () => {
  await begin({ cases: 1 });
  const omar = await Person.signIn(chrome, 'omar', { path: '/console/#/policy/version/pol_2026113' });
  const { page } = omar;
  await page.getByText('moins de 30 erreurs observées').waitFor();
  await page.getByText(/les données ne soutiennent pas/).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Approuver' }).count(), 0);
  await page.getByText('97,8 %').waitFor();
  await page.getByRole('button', { name: 'Retirer' }).click();
  await page.locator('dialog input').fill('Plus assez de données');
  await page.keyboard.press('Enter');
  await page.getByText(/Retirée par Omar Petit/).waitFor();
  await omar.close();
});

test('a version for one organisation, planned for later; rolling back is a proposal too', async () => {
  await begin({ cases: 1 });
  const omar = await Person.signIn(chrome, 'omar', { path: '/console/#/policy' });
  const { page } = omar;
  await page.getByLabel('Politique propre à une organisation').selectOption('org_demo');
  await page.locator('form.own button').click();
  await page.getByText('Portée : Banque de démonstration').waitFor();
  await page.locator('#threshold-document_glare_max').fill('0.05');
  await page.locator('#reason').fill('Agences sous néons');
  await page.getByLabel('à une date').check();
  await page.locator('#at').fill('2020-01-01T08:00');
  await page.getByText('Choisissez un moment à venir.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Proposer' }).isDisabled());
  await page.locator('#at').fill('2099-01-01T08:00');
  await page.getByText('✓ Valide').waitFor();
  await page.getByRole('button', { name: 'Proposer' }).click();
  await page.getByText(/Commence le 1 janv/).waitFor();
  const made = page.url();
  const olga = await Person.signIn(chrome, 'olga');
  await olga.page.goto(made);
  await olga.page.getByRole('button', { name: 'Approuver' }).click();
  await olga.page.getByRole('button', { name: /Approuver 2026/ }).click();
  await olga.page.getByText('approuvée, planifiée').waitFor();
  await open(olga, 'policy');
  await olga.page.getByRole('button', { name: /Mettre fin à l’exception Ville/ }).click();
  await olga.page.locator('dialog input').last().fill('Retour au commun');
  await olga.page.keyboard.press('Enter');
  await olga.page.getByText('met fin à une exception').waitFor();
  await omar.close();
  await olga.close();
});

test('a message that did not leave is sent again; a refusal is told by its name', async () => {
  await begin({ cases: 1 });
  const omar = await Person.signIn(chrome, 'omar', { path: '/console/#/board/messages' });
  const { page } = omar;
  await page.locator('tbody tr').first().waitFor();
  const rows = page.locator('tbody tr');
  assert.equal(await rows.count(), 4);
  await page.getByText('les données de la personne sont supprimées').waitFor();
  await tabTo(page, /Renvoyer msg_0+1 /);
  await press(page, 'Enter');
  await page.getByText('Remis dans la file d’envoi.').waitFor();
  assert.equal(await page.getByRole('button', { name: /Renvoyer/ }).count(), 2);
  // Somebody else was quicker.
  const olga = await Person.signIn(chrome, 'olga', { path: '/console/#/board/messages' });
  await olga.page.locator('tbody tr').first().waitFor();
  await page.getByRole('button', { name: /Renvoyer msg_0+2/ }).click();
  await page.getByText('Remis dans la file d’envoi.').waitFor();
  await olga.page.getByRole('button', { name: /Renvoyer msg_0+2/ }).click();
  await olga.page.getByText('Un envoi est déjà en cours.').waitFor();
  await omar.close();
  await olga.close();
});

test('a key is shown once, and replaced, and revoked; a webhook’s delivery is sent again', async () => {
  await begin({ cases: 1 });
  const admin = await Person.signIn(chrome, 'admin', { path: '/console/#/integrators/keys/org_demo' });
  const { page } = admin;
  await page.locator('tbody tr').first().waitFor();
  await page.getByRole('button', { name: 'Nouvelle clé' }).click();
  await page.getByLabel('Nom', { exact: true }).fill('caisse');
  for (const box of await page.locator('dialog fieldset input').all()) await box.setChecked(false);
  await page.getByRole('button', { name: 'Créer' }).click();
  await page.getByText('Choisissez au moins un droit.').waitFor();
  await page.locator('dialog fieldset input').first().check();
  await page.getByLabel('Jours de validité').fill('9999');
  await page.getByRole('button', { name: 'Créer' }).click();
  await page.getByText('Cette valeur n’est pas acceptée.').waitFor();
  await page.getByLabel('Jours de validité').fill('90');
  await page.getByRole('button', { name: 'Créer' }).click();
  const secret = (await page.locator('.secret code').textContent()).trim();
  assert.match(secret, /^idp_test_/);
  // It does not go by accident.
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.secret').count(), 1);
  await page.getByRole('button', { name: 'Copier' }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  await page.getByRole('button', { name: 'C’est noté' }).click();
  await page.getByRole('rowheader', { name: /caisse/ }).waitFor();
  assert.ok(!(await page.content()).includes(secret));
  await page.reload();
  await page.getByRole('rowheader', { name: /caisse/ }).waitFor();
  assert.ok(!(await page.content()).includes(secret));
  await page.getByRole('button', { name: 'Révoquer caisse' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Révoquer' }).click();
  await page.getByRole('row', { name: /caisse/ }).getByText('révoquée').waitFor();

  await open(admin, 'integrators/webhooks/org_demo');
  await page.getByRole('button', { name: /^Envois https:\/\/hooks/ }).click();
  await page.getByRole('button', { name: 'Renvoyer msg_d1' }).click();
  await page.getByText('en attente').first().waitFor();
  await page.getByRole('button', { name: 'Nouveau webhook' }).click();
  await page.getByLabel('Adresse (https)').fill('http://127.0.0.1/x');
  await page.getByRole('button', { name: 'Créer' }).click();
  await page.getByText(/doit être publique et en https/).waitFor();
  await page.keyboard.press('Escape');

  await open(admin, 'integrators/settings/org_demo');
  await page.getByLabel('Couleur', { exact: true }).fill('#ffcc00');
  await page.getByText('✕ ne suffit pas').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Enregistrer' }).isDisabled());
  await page.getByLabel('Couleur', { exact: true }).fill('#704000');
  await page.getByLabel('Horaires de l’aide, en anglais').fill('');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByText('Donnez les deux langues, ou aucune.').waitFor();
  await page.getByLabel('Horaires de l’aide, en anglais').fill('Call us');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByText('✓ Enregistré.').waitFor();
  await admin.close();
});

test('each role finds what it may do and nothing else', async () => {
  await begin({ cases: 1, outbox: false });
  const links = (who) => who.page.locator('header nav a').allTextContents().then((all) => all.map((one) => one.trim().replace(/\s*\d+$/, '')));
  const claire = await Person.signIn(chrome, 'claire', { path: '/console/#/policy/edit' });
  assert.ok(!(await links(claire)).includes('Intégrateurs'));
  await claire.page.getByText('Votre rôle lit la politique').waitFor();
  assert.equal(await claire.page.getByRole('link', { name: 'Éditeur' }).count(), 0);
  await claire.page.getByRole('heading', { name: 'Toutes les versions' }).waitFor();
  await open(claire, 'policy/version/pol_2026113');
  await claire.page.getByText('Seul un opérateur approuve.').waitFor();
  assert.equal(await claire.page.getByRole('button', { name: /Retirer|essai|Partir/ }).count(), 0);
  await open(claire, 'board/messages');
  await claire.page.locator('tbody tr').first().waitFor();
  assert.equal(await claire.page.getByRole('button', { name: /Renvoyer/ }).count(), 0);
  await claire.close();
  const omar = await Person.signIn(chrome, 'omar', { path: '/console/#/integrators/keys/org_demo' });
  await omar.page.locator('tbody tr').first().waitFor();
  assert.equal(await omar.page.getByRole('button', { name: /Nouvelle clé|Remplacer|Nouvelle organisation/ }).count(), 0);
  assert.ok((await omar.page.getByRole('button', { name: /Révoquer/ }).count()) > 0);
  // Not in demo mode: no outbox.
  await open(omar, 'board');
  assert.equal(await omar.page.getByRole('link', { name: 'Boîte locale' }).count(), 0);
  await omar.close();
  const ana = await Person.signIn(chrome, 'ana', { path: '/console/#/policy' });
  await ana.page.getByRole('heading', { name: /pas pour votre rôle/ }).waitFor();
  assert.deepEqual(await links(ana), ['File']);
  const refused = await ana.page.evaluate(() => fetch('/console/api/policies').then((r) => r.json()));
  assert.equal(refused.code, 'role_missing');
  await ana.close();
});
