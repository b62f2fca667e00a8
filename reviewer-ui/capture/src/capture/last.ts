import type { Film, ShownStep } from './film.svelte.ts';
import type { Step } from '@idproof/shared/api/types.ts';

export interface LastTake {
  upload: string;
  picture: Blob;
  steps: Step[];
  shown: ShownStep[];
}

let last: LastTake | undefined;

/** The take just made, for its preview; gone with the page. */
export const lastTake = {
  set(film: Film): void {
    last = { upload: film.upload, picture: film.picture, steps: film.steps, shown: film.shown };
  },
  get: (): LastTake | undefined => last,
  clear(): void {
    last = undefined;
  },
};
