// What an applicant may type about themselves. The service checks again; here it is about a quick, kind answer.

/** Names as civil registers write them: letters of any script's Latin range, spaces, hyphens, apostrophes. */
export function isName(text: string): boolean {
  return /^[\p{L}\p{M}][\p{L}\p{M}'’ .\-]*$/u.test(text);
}

/** One space between words, the typographic apostrophe as on a keyboard. */
export function tidy(text: string): string {
  return text.trim().replace(/\s+/g, ' ').replace(/’/g, "'");
}

export function firstNames(text: string): string[] {
  return tidy(text)
    .split(/[\s,;]+/)
    .filter(Boolean);
}

export function documentNumber(text: string): string {
  return text.replace(/[\s.\-]/g, '').toUpperCase();
}

export function isDocumentNumber(text: string): boolean {
  return /^[A-Z0-9]{5,20}$/.test(text);
}

export type DayFault = 'missing' | 'wrong' | 'future' | 'underage';

/** A birth date typed in three fields, as `YYYY-MM-DD`, or what is wrong with it today. */
export function birthDay(d: string, m: string, y: string, today: Date): string | DayFault {
  if (!d.trim() || !m.trim() || !y.trim()) return 'missing';
  const [day, month, year] = [d, m, y].map((part) => (/^\d{1,4}$/.test(part.trim()) ? Number(part) : NaN));
  if (!day || !month || !year || year < 1900) return 'wrong';
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return 'wrong';
  const now = Date.UTC(today.getFullYear(), today.getMonth(), today.getDate());
  if (date.getTime() > now) return 'future';
  const adult = Date.UTC(year + 18, month - 1, day);
  if (adult > now) return 'underage';
  return date.toISOString().slice(0, 10);
}
