import { session } from './session.svelte.ts';

/** The address that opens this case elsewhere; the secret stays in the fragment, which no server sees. */
export function continueLink(): string {
  return location.origin + (session.api.token ? `/continue#${session.api.token}` : '/');
}
