// The communes of France as the birth screen looks them up, from INSEE's official geographic code as
// published by Etalab (data: Licence Ouverte). Made at every build; capture/src/generated is not committed.
import { mkdirSync, writeFileSync } from 'node:fs';
import communes from '@etalab/decoupage-administratif/data/communes.json' with { type: 'json' };
import departements from '@etalab/decoupage-administratif/data/departements.json' with { type: 'json' };

/** Communes of this size come first among those that match. */
const LARGE = 10_000;

const order = new Intl.Collator('fr');
const names = new Map(departements.map((d) => [d.code, d.nom]));
// Overseas collectivities are no departments; their codes have three digits all the same.
for (const c of communes) if (c.collectiviteOutremer) names.set(c.collectiviteOutremer.code, c.collectiviteOutremer.nom);
const place = (c) => c.departement ?? c.collectiviteOutremer?.code ?? communes.find((o) => o.code === (c.chefLieu ?? c.commune)).departement;

/** Present communes, those merged into another that keep their name, and the arrondissements of three cities. */
export function list() {
  const by = new Map();
  for (const c of communes) {
    const inside = by.get(place(c)) ?? by.set(place(c), new Map()).get(place(c));
    inside.set(c.nom, inside.get(c.nom) || c.population >= LARGE);
  }
  return [...by]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, inside]) => {
      const lines = [...inside].sort(([a], [b]) => order.compare(a, b)).map(([name, large]) => name + (large ? '*' : ''));
      return [`#${names.get(code) ?? code}`, ...lines].join('\n');
    })
    .join('\n');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const out = new URL('../capture/src/generated/', import.meta.url);
  mkdirSync(out, { recursive: true });
  writeFileSync(new URL('communes.txt', out), list());
}
