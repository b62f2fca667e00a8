import type { Quality } from '@idproof/shared/api/types.ts';
import { session } from '../lib/session.svelte.ts';

let known: Promise<Quality | undefined> | undefined;

/** The service's thresholds for a good photo; undefined where they cannot be had: then only the button takes it. */
export function limits(): Promise<Quality | undefined> {
  known ??= session.api.quality().catch(() => {
    known = undefined;
    return undefined;
  });
  return known;
}
