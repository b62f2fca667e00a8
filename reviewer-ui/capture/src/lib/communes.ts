// Looks communes up in the list that `scripts/communes.mjs` makes: a line a commune under a line `#Department`,
// a star behind the large ones. The text is searched as it is; taking it apart would take a slow phone seconds.

export interface Commune {
  name: string;
  department: string;
}

const MOST = 6;
const ACCENTED: Record<string, string> = { a: 'aàâä', c: 'cç', e: 'eéèêë', i: 'iîï', o: 'oôö', u: 'uùûü', y: 'yÿ' };

/** Accents, hyphens and apostrophes do not matter; St stands for Saint. */
function pattern(typed: string): string {
  const plain = typed.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replace(/œ/g, 'oe').replace(/æ/g, 'ae');
  const words = plain.split(/[^a-z0-9]+/).filter(Boolean);
  const letters = (word: string): string =>
    word.replace(/oe/g, '(?:oe|œ)').replace(/[aceiouy](?![^(]*\))/g, (l) => `[${ACCENTED[l]}]`);
  return words.map((w, i) => (/^ste?$/.test(w) && i < words.length - 1 ? `s(?:ain)?t${w.slice(2)}` : letters(w))).join("[ '’-]+");
}

/** Those whose name, or a word of it, begins like that; the large ones first. */
export function lookUp(list: string, typed: string): Commune[] {
  const wanted = pattern(typed);
  if (wanted.length < 2) return [];
  const article = "(?:l'|l[ae]s? )?";
  const found: { line: string; at: number; rank: number }[] = [];
  for (const m of list.matchAll(new RegExp(`^(?!#)(?:(${article}${wanted})|.*[ '-]${wanted}).*$`, 'gim'))) {
    const [line, start] = m;
    const large = line.endsWith('*');
    const whole = start?.length === line.length - Number(large);
    const rank = (whole ? 0 : start ? 2 : 4) + Number(!large);
    found.push({ line, at: m.index, rank });
  }
  return found
    .sort((a, b) => a.rank - b.rank || a.line.length - b.line.length)
    .slice(0, MOST)
    .map(({ line, at }) => {
      const head = list.lastIndexOf('#', at) + 1;
      return { name: line.replace('*', ''), department: list.slice(head, list.indexOf('\n', head)) };
    });
}

let list: Promise<string> | undefined;

/** The list, fetched when it is first wanted. */
export function communes(): Promise<string> {
  list ??= import('../generated/communes.txt?url')
    .then(({ default: address }) => fetch(address, { credentials: 'omit' }))
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error('not there'))));
  list.catch(() => (list = undefined));
  return list;
}
