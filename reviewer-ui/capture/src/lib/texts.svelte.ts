import type { Language } from '@idproof/shared/api/types.ts';
import type { First, Rest, Texts } from '../texts/types.ts';
import en from '../texts/en.ts';
import fr from '../texts/fr.ts';
import { kept } from './kept.ts';

// The first screen must come fast: its own words are there at once, the others are fetched.
const first: Record<Language, First> = { fr, en };
const rest: Record<Language, () => Promise<{ default: Rest }>> = {
  fr: () => import('../texts/fr.rest.ts'),
  en: () => import('../texts/en.rest.ts'),
};

let current = $state.raw<Texts>();
let whole = false;
let language = $state.raw<Language>('fr');

/** The words of the language in use. Not before `speak` has ended; past the first screen, `allWords`. */
export function t(): Texts {
  return current as Texts;
}

export function spoken(): Language {
  return language;
}

/** Changes the language of the page. Throws where its words cannot be fetched. */
export async function speak(wanted: Language): Promise<void> {
  const more = whole ? (await rest[wanted]()).default : undefined;
  current = { ...first[wanted], ...more } as Texts;
  language = wanted;
  document.documentElement.lang = wanted;
}

/** Makes every screen's words known. Throws where they cannot be fetched. */
export async function allWords(): Promise<void> {
  if (whole) return;
  const wanted = language;
  const more = (await rest[wanted]()).default;
  whole = true;
  if (wanted === language) current = { ...(current as Texts), ...more };
  else await speak(language);
}

export function preferred(): Language {
  const asked = kept.language ?? navigator.language;
  return asked.startsWith('fr') ? 'fr' : 'en';
}

const locale = (): string => (language === 'fr' ? 'fr-FR' : 'en-GB');

export function day(value: string | Date): string {
  return new Date(value).toLocaleDateString(locale(), { day: 'numeric', month: 'long', year: 'numeric' });
}
export function moment(value: string | Date): string {
  return new Date(value).toLocaleString(locale(), {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
  });
}
export function clock(value: Date): string {
  return value.toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit' });
}

/** A day without time or zone, as the applicant typed it. */
export function plainDay(iso: string): string {
  const [y, m, d] = iso.split('-').map(Number);
  return new Date(Date.UTC(y ?? 0, (m ?? 1) - 1, d ?? 1)).toLocaleDateString(locale(), {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
}

/** Time left, in words. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.ceil(seconds));
  return s < 60 ? t().when.seconds(s) : t().when.minutes(Math.floor(s / 60), s % 60);
}
