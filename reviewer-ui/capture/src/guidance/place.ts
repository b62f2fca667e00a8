// The one thing most worth saying about where the face is. Pure: faces, oval and time are arguments.

import type { Light } from '../capture/light.ts';
import type { Face } from './faces.ts';

/** The drawn oval, in the picture's pixels. */
export interface Oval {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Hint = 'none' | 'several' | 'closer' | 'farther' | 'centre' | Exclude<Light, 'ok'> | 'good';

// The network's box reaches from the middle of the forehead to the chin: a head that fills the oval
// gives a box of about six tenths of its height.
const NEAR_LEAST = 0.36;
const NEAR_MOST = 0.8;
/** How far the middle of the face may lie from the oval's, as a share of the oval. */
const ASIDE_MOST = 0.2;
/** The box's middle lies below that of the head. */
const LOWER = 0.06;
/** A second face of this size, compared with the first, is somebody beside the applicant. */
const SECOND = 0.45;

export function place(faces: readonly Face[], oval: Oval): Exclude<Hint, Light> {
  const [face, next] = [...faces].sort((a, b) => b.height - a.height);
  if (!face) return 'none';
  if (next && next.height > SECOND * face.height) return 'several';
  const near = face.height / oval.height;
  if (near < NEAR_LEAST) return 'closer';
  if (near > NEAR_MOST) return 'farther';
  const x = Math.abs(face.x - oval.x) / oval.width;
  const y = Math.abs(face.y - oval.y - LOWER * oval.height) / oval.height;
  return Math.max(x, y) > ASIDE_MOST ? 'centre' : 'good';
}

/** So long a hint stays at least, so that it can be read. */
export const HINT_MS = 1000;
/** So long something must be so before it is said: a blink of the network is no news. */
export const NEWS_MS = 350;

/** Lets one hint at a time through, and each for long enough. */
export class Steady {
  #shown: Hint | undefined;
  #since = -Infinity;
  #news: Hint | undefined;
  #newsSince = 0;

  see(hint: Hint, now: number): Hint | undefined {
    if (hint !== this.#news) {
      this.#news = hint;
      this.#newsSince = now;
    }
    if (hint !== this.#shown && now - this.#newsSince >= NEWS_MS && now - this.#since >= HINT_MS) {
      this.#shown = hint;
      this.#since = now;
    }
    return this.#shown;
  }
}
