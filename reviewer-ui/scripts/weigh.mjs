// What the pages weigh, compressed, against their budget. Fails when they grow too heavy.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const FIRST_MOST = 35_000;
const WAY_MOST = 80_000;
const dist = new URL('../dist/capture/', import.meta.url);
const size = (name) => gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length;

const html = readFileSync(new URL('index.html', dist), 'utf8');
const files = readdirSync(new URL('assets/', dist)).map((f) => `assets/${f}`);
// What the live guidance brings is no part of the way: it comes beside it, and the way works without.
const detector = files.filter((f) => /\/(detector|guide|ort-)/.test(f));
const code = files.filter((f) => /\.(js|css)$/.test(f) && !detector.includes(f));

// The first screen: what the document names, and what that imports before anything is shown.
const first = new Set([...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((m) => m[1]));
for (const file of first) {
  if (!file.endsWith('.js')) continue;
  const text = readFileSync(new URL(file, dist), 'utf8');
  for (const m of text.matchAll(/(?:from|^import|;import)\s*"\.\/([^"]+)"/g)) first.add(`assets/${m[1]}`);
}
const words = (language) => (f) => f.includes(`/${language}.rest-`);
const sum = (list) => list.reduce((n, f) => n + size(f), 0);

let heavy = false;
for (const language of ['fr', 'en']) {
  const start = sum([...first]);
  const way = sum(code.filter((f) => !words(language === 'fr' ? 'en' : 'fr')(f)));
  heavy ||= start > FIRST_MOST || way > WAY_MOST;
  console.log(`${language}: first screen ${(start / 1000).toFixed(1)} kB (at most ${FIRST_MOST / 1000}), whole way ${(way / 1000).toFixed(1)} kB (at most ${WAY_MOST / 1000})`);
}
const aside = (list) => (sum(list) / 1000).toFixed(0);
console.log(`beside them: face detector ${aside(detector)} kB, communes ${aside(files.filter((f) => f.includes('communes')))} kB`);

// The console is one page for people at work: everything it may ever fetch, in both languages.
const CONSOLE_MOST = 250_000;
const desk = new URL('../dist/console/assets/', import.meta.url);
const parts = readdirSync(desk).filter((f) => /\.(js|css)$/.test(f));
const console_ = parts.reduce((n, f) => n + gzipSync(readFileSync(new URL(f, desk)), { level: 9 }).length, 0);
heavy ||= console_ > CONSOLE_MOST;
console.log(`console: ${(console_ / 1000).toFixed(1)} kB (at most ${CONSOLE_MOST / 1000})`);
if (process.argv.includes('-v')) for (const f of code) console.log(`  ${first.has(f) ? '*' : ' '} ${f} ${size(f)}`);
if (heavy) {
  console.error('The pages are heavier than their budget: see `node scripts/weigh.mjs -v` for what weighs.');
  process.exit(1);
}
