// The service's measures of a photograph of a document, computed the same way on the preview.

import type { Flat } from './straighten.ts';

export interface Surface {
  /** 0 (sharp) to 1 (nothing is lost by blurring it again). */
  blur: number;
  /** Share of the document that is burnt white. */
  glare: number;
  /** Luma below which a fiftieth of the document lies: high when overexposed. */
  darkEnd: number;
  /** Luma above which a tenth of the document lies: low when underexposed. */
  lightEnd: number;
}

/** Pixels either way over which the blur measure averages, and as far on the longer steps aslant. */
const HALF = 4;
const ASLANT = 3;
/** All three colours at least so bright: nothing is left there. */
const BURNT = 250;
/** Half the side of the square that must be burnt round a pixel. */
const PATCH = 4;

export function surface(flat: Flat): Surface {
  const grey = luma(flat);
  const [darkEnd, lightEnd] = ends(grey);
  return { blur: blur(grey, flat.width, flat.height), glare: glare(flat), darkEnd, lightEnd };
}

/** BT.601, not rounded. */
function luma({ data, width, height }: Flat): Float32Array {
  const grey = new Float32Array(width * height);
  for (let i = 0, p = 0; i < grey.length; i++, p += 3) {
    grey[i] = 0.299 * (data[p] as number) + 0.587 * (data[p + 1] as number) + 0.114 * (data[p + 2] as number);
  }
  return grey;
}

/**
 * The blur measure of Crete, Dolmiere, Ladret and Nicolas ("The blur effect", 2007): how little
 * blurring changes the differences between neighbours; the worst of four directions, since a hand
 * that moves blurs along its own way alone.
 */
function blur(grey: Float32Array, width: number, height: number): number {
  return Math.max(
    lost(grey, width, height, 1, 0, HALF),
    lost(grey, width, height, 0, 1, HALF),
    lost(grey, width, height, 1, 1, ASLANT),
    lost(grey, width, height, -1, 1, ASLANT),
  );
}

/** Along steps of (dx, dy), averaged over `half` of them either way. */
function lost(grey: Float32Array, width: number, height: number, dx: number, dy: number, half: number): number {
  const [left, right] = inner(width, dx, half);
  const [top, bottom] = inner(height, dy, half);
  const step = dy * width + dx;
  const [ahead, behind] = [half * step, -(half + 1) * step];
  const box = 2 * half + 1;
  let all = 0;
  let kept = 0;
  for (let y = top; y < bottom; y++) {
    for (let i = y * width + left, end = y * width + right; i < end; i++) {
      const own = Math.abs((grey[i] as number) - (grey[i - step] as number));
      // A running mean moves by what enters it less what leaves it.
      const moved = (grey[i + ahead] as number) - (grey[i + behind] as number);
      all += own;
      kept += Math.max(0, own - Math.abs(moved) / box);
    }
  }
  return all > 0 ? 1 - kept / all : 1;
}

/** From where to where the whole mean lies in the picture. */
function inner(size: number, step: number, half: number): [number, number] {
  if (step === 0) return [0, size];
  return step > 0 ? [half + 1, size - half] : [half, size - half - 1];
}

/** Share of the pixels round which a whole square is burnt. */
function glare({ data, width, height }: Flat): number {
  const row = width + 1;
  const sums = new Uint32Array(row * (height + 1));
  for (let y = 0; y < height; y++) {
    let sum = 0;
    for (let x = 0; x < width; x++) {
      const p = (y * width + x) * 3;
      if ((data[p] as number) >= BURNT && (data[p + 1] as number) >= BURNT && (data[p + 2] as number) >= BURNT) sum += 1;
      sums[(y + 1) * row + x + 1] = (sums[y * row + x + 1] as number) + sum;
    }
  }
  let count = 0;
  for (let y = 0; y < height; y++) {
    const y0 = Math.max(0, y - PATCH) * row;
    const y1 = Math.min(height, y + PATCH + 1) * row;
    for (let x = 0; x < width; x++) {
      const x0 = Math.max(0, x - PATCH);
      const x1 = Math.min(width, x + PATCH + 1);
      const burnt = (sums[y1 + x1] as number) + (sums[y0 + x0] as number) - (sums[y0 + x1] as number) - (sums[y1 + x0] as number);
      if (burnt === ((y1 - y0) / row) * (x1 - x0)) count += 1;
    }
  }
  return count / (width * height);
}

/** The luma below which a fiftieth, and above which a tenth of the pixels lie. */
function ends(grey: Float32Array): [number, number] {
  const counts = new Uint32Array(256);
  for (const v of grey) {
    const level = Math.min(255, Math.round(v));
    counts[level] = (counts[level] as number) + 1;
  }
  const below = (share: number): number => {
    let sum = 0;
    for (let level = 0; level < 256; level++) {
      sum += counts[level] as number;
      if (sum >= share * grey.length) return level;
    }
    return 255;
  };
  return [below(0.02), below(0.9)];
}
