import { plain, verdictOf, type Verdict } from './compare.ts';
import type { Corners, Field, ShownDocument } from './types.ts';

export interface Box {
  corners: Corners;
  kind: 'zone' | 'field' | 'portrait' | 'outline';
  verdict: Verdict;
  /** Of a field: its name as in the table. */
  name: string;
}

/** A field's value as the zone writes it: a date loses its century and its signs. */
function asZone(name: string, value: string): string {
  const date = /^\d\d(\d\d)-(\d\d)-(\d\d)$/.exec(value);
  return name.endsWith('_date') && date ? `${date[1]}${date[2]}${date[3]}` : plain(value);
}

/** Where a value stands in a row of the zone, by its characters; null where it does not. Fillers count for nothing. */
export function rangeIn(row: string, value: string): [number, number] | null {
  const places = [...row].flatMap((char, i) => (/[A-Z0-9]/.test(char) ? [i] : []));
  const found = value ? places.map((i) => row[i]).join('').indexOf(value) : -1;
  const [from, to] = [places[found], places[found + value.length - 1]];
  return found < 0 || from === undefined || to === undefined ? null : [from, to + 1];
}

/** The stretch of a row of equally wide characters that holds those from `from` up to `to`. */
export function stretchOf([a, b, c, d]: Corners, from: number, to: number, of: number): Corners {
  const between = (p: [number, number], q: [number, number], share: number): [number, number] => [p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share];
  return [between(a, b, from / of), between(a, b, to / of), between(d, c, to / of), between(d, c, from / of)];
}

/** What is drawn over the straightened picture: rows of the zone, in them what differs, the printed fields, the portrait.
    A field differs where the service says so, or where the table of the three sources does. */
export function boxesOf(shown: ShownDocument, identity: readonly Field[]): Box[] {
  const verdict = (name: string): Verdict => {
    const field = identity.find((one) => one.name === name);
    return field ? verdictOf(field) : 'unknown';
  };
  const rows = shown.zone.map(({ corners }): Box => ({ corners, kind: 'zone', verdict: 'unknown', name: '' }));
  const wrong = identity.filter((field) => field.zone && verdictOf(field) === 'differs');
  const parts = shown.zone.flatMap(({ text, corners }) =>
    wrong.flatMap((field): Box[] => {
      const range = rangeIn(text, asZone(field.name, field.zone ?? ''));
      return range ? [{ corners: stretchOf(corners, range[0], range[1], text.length), kind: 'zone', verdict: 'differs', name: field.name }] : [];
    }),
  );
  const fields = shown.fields.map((field): Box => {
    const said: Verdict = field.agrees === null ? 'unknown' : field.agrees ? 'agrees' : 'differs';
    return { corners: field.corners, kind: 'field', verdict: said === 'differs' || verdict(field.name) === 'differs' ? 'differs' : said, name: field.name };
  });
  const portrait = shown.portrait ? [{ corners: shown.portrait, kind: 'portrait', verdict: 'unknown', name: '' } satisfies Box] : [];
  return [...rows, ...portrait, ...fields, ...parts];
}

/** A value in pieces, those at the given places (from 1, letters and digits alone) apart from the others. */
export function marked(value: string, places: readonly number[]): { text: string; off: boolean }[] {
  const pieces: { text: string; off: boolean }[] = [];
  let place = 0;
  for (const char of value) {
    const counts = /[\p{L}\p{N}]/u.test(char);
    if (counts) place += 1;
    const off = counts && places.includes(place);
    const last = pieces.at(-1);
    if (last?.off === off) last.text += char;
    else pieces.push({ text: char, off });
  }
  return pieces;
}
