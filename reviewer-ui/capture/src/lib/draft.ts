import { session } from './session.svelte.ts';
import type { Screen } from './way.ts';

/** Takes up what the service already holds, so that a correction begins with it. */
export function resumeDraft(): void {
  const known = session.record?.identity;
  if (known) session.draft = { ...known, ...session.draft };
}

/** The next question; or the recap, when it is a correction and all the others are answered. */
export function onward(next: Screen): void {
  session.go(complete() ? 'recap' : next);
}

export function complete(): boolean {
  const d = session.draft;
  return Boolean(d.document_type && d.birth_name && d.birth_date && d.document_number);
}
