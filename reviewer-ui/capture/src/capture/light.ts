// Light on the face, from plain averages: inside the oval, and round it.

import type { Grey } from './picture.ts';

export type Light = 'ok' | 'dark' | 'bright' | 'back';

/** The oval's half axes as shares of the picture's width and height. */
export const OVAL = { x: 0.34, y: 0.36, middle: 0.47 };

export function light(grey: Grey): Light {
  let inside = 0;
  let outside = 0;
  let within = 0;
  const { width, height, data } = grey;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = ((x + 0.5) / width - 0.5) / OVAL.x;
      const dy = ((y + 0.5) / height - OVAL.middle) / OVAL.y;
      const v = data[y * width + x] as number;
      if (dx * dx + dy * dy <= 1) {
        inside += v;
        within += 1;
      } else outside += v;
    }
  }
  const face = inside / Math.max(1, within);
  const room = outside / Math.max(1, data.length - within);
  if (face < 45) return 'dark';
  if (face < 95 && room > face * 1.9) return 'back';
  if (face > 225) return 'bright';
  return 'ok';
}
