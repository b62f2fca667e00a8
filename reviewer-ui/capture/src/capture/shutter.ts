// When the picture takes itself, and how long a hint stays. Pure: times are arguments.

import { shift, type Corners } from './outline.ts';
import type { Hint, Measures } from './quality.ts';

/** So long must everything be good and still. */
export const STEADY_MS = 500;
/** So long a hint stays at least, so that it can be read. */
export const HINT_MS = 1000;
/** Farther than this share of the frame's width, the document has moved. */
const MOVED = 0.02;

export class Shutter {
  readonly #frameWidth: number;
  #since: number | undefined;
  #corners: Corners | undefined;
  #hint: Hint = 'searching';
  #hintSince = -Infinity;

  constructor(frameWidth: number) {
    this.#frameWidth = frameWidth;
  }

  /** Takes one measurement; says what to show and whether to take the picture now. */
  see(m: Measures, hint: Hint, now: number): { hint: Hint; take: boolean; progress: number } {
    const moved = !m.corners || !this.#corners || shift(m.corners, this.#corners) > MOVED * this.#frameWidth;
    // Compared with where it stood when it became still, so that slow drifting does not pass.
    if (hint !== 'hold' || moved) {
      this.#since = hint === 'hold' ? now : undefined;
      this.#corners = m.corners;
    }
    const steady = this.#since === undefined ? 0 : now - this.#since;
    if (hint !== this.#hint && now - this.#hintSince >= HINT_MS) {
      this.#hint = hint;
      this.#hintSince = now;
    }
    return { hint: this.#hint, take: steady >= STEADY_MS, progress: Math.min(1, steady / STEADY_MS) };
  }
}
