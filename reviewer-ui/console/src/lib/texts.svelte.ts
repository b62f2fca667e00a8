import type { Texts } from '../texts/types.ts';
import en from '../texts/en.ts';
import fr from '../texts/fr.ts';
import { kept } from './kept.ts';

export type Language = 'fr' | 'en';

const all: Record<Language, Texts> = { fr, en };
const preferred: Language = (kept.language ?? navigator.language).startsWith('fr') ? 'fr' : 'en';
let language = $state.raw<Language>(preferred);
document.documentElement.lang = preferred;

export function t(): Texts {
  return all[language];
}
export function spoken(): Language {
  return language;
}
export function speak(wanted: Language): void {
  language = wanted;
  kept.language = wanted;
  document.documentElement.lang = wanted;
}

const locale = (): string => (language === 'fr' ? 'fr-FR' : 'en-GB');

export function moment(value: string | Date): string {
  return new Date(value).toLocaleString(locale(), { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}
export function day(value: string): string {
  const [y, m, d] = value.split('-').map(Number);
  if (!y || !m || !d) return value;
  return new Date(Date.UTC(y, m - 1, d)).toLocaleDateString(locale(), { day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC' });
}
export function decimal(value: number, most = 2): string {
  return value.toLocaleString(locale(), { maximumFractionDigits: most });
}
export function percent(value: number): string {
  return value.toLocaleString(locale(), { style: 'percent', maximumFractionDigits: 1 });
}

/** A rate that may be very small: two digits that count below a thousandth. */
export function rate(value: number | null): string {
  if (value === null) return '–';
  return value === 0 || value >= 0.001 ? percent(value) : value.toLocaleString(locale(), { style: 'percent', maximumSignificantDigits: 2 });
}
export function whole(value: number): string {
  return value.toLocaleString(locale());
}

/** A stretch of time in its two largest units: `2 d 4 h`, `3 h 20 min`, `45 s`. */
export function span(milliseconds: number): string {
  const words = t().span;
  const s = Math.max(0, Math.round(milliseconds / 1000));
  const [d, h, m] = [Math.floor(s / 86_400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  if (d > 0) return h > 0 ? `${words.d(d)} ${words.h(h)}` : words.d(d);
  if (h > 0) return m > 0 ? `${words.h(h)} ${words.m(m)}` : words.h(h);
  return m > 0 ? words.m(m) : words.s(s);
}
