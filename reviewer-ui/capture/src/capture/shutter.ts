// When the picture takes itself, and how long a hint stays. Pure: times are arguments.

import { shift, type Corners } from './outline.ts';
import type { Hint } from './quality.ts';

/** So long must everything be good and still. */
export const STEADY_MS = 500;
/** So long a hint stays at least, so that it can be read. */
export const HINT_MS = 1000;
/** Farther than so many of the coarse picture's pixels, the document has moved: 2 % of the frame. */
const MOVED = 9;

export class Shutter {
  #since: number | undefined;
  #corners: Corners | undefined;
  #hint: Hint = 'searching';
  #hintSince = -Infinity;

  /** Takes one measurement; says what to show and whether to take the picture now. */
  see(corners: Corners | undefined, hint: Hint, now: number): { hint: Hint; take: boolean; progress: number } {
    const moved = !corners || !this.#corners || shift(corners, this.#corners) > MOVED;
    // Compared with where it stood when it became still, so that slow drifting does not pass.
    if (hint !== 'hold' || moved) {
      this.#since = hint === 'hold' ? now : undefined;
      this.#corners = corners;
    }
    const steady = this.#since === undefined ? 0 : now - this.#since;
    if (hint !== this.#hint && now - this.#hintSince >= HINT_MS) {
      this.#hint = hint;
      this.#hintSince = now;
    }
    return { hint: this.#hint, take: steady >= STEADY_MS, progress: Math.min(1, steady / STEADY_MS) };
  }
}
