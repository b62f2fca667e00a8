// Measures on the preview. They steer hints and the shutter; the service judges the photo itself.

import type { Quality } from '@idproof/shared/api/types.ts';
import { area, outline, skew, type Corners, type Frame } from './outline.ts';
import type { Grey } from './picture.ts';

export interface Measures {
  corners: Corners | undefined;
  /** The document's area over the frame's. */
  fill: number;
  /** Largest difference of a corner from a right angle, degrees. */
  angle: number;
  /** Variance of the Laplacian of luma. */
  sharpness: number;
  /** Share of blown-out pixels. */
  glare: number;
  /** Mean luma, 0 to 255. */
  luma: number;
}

export type Hint = 'searching' | 'closer' | 'farther' | 'angle' | 'dark' | 'bright' | 'glare' | 'blur' | 'hold';

/** Everything that is measured, inside the frame or, once found, inside the document. */
export function measure(grey: Grey, frame: Frame): Measures {
  const corners = outline(grey, frame);
  const box = corners ? bounds(corners, grey) : frame;
  const full = (frame.right - frame.left) * (frame.bottom - frame.top);
  return {
    corners,
    fill: corners ? area(corners) / full : 0,
    angle: corners ? skew(corners) : 0,
    ...surface(grey, box),
  };
}

function bounds(corners: Corners, grey: Grey): Frame {
  const xs = corners.map((c) => c.x);
  const ys = corners.map((c) => c.y);
  return {
    left: Math.max(0, Math.min(...xs)),
    top: Math.max(0, Math.min(...ys)),
    right: Math.min(grey.width - 1, Math.max(...xs)),
    bottom: Math.min(grey.height - 1, Math.max(...ys)),
  };
}

/** Sharpness, glare and light of a part of the picture. */
export function surface(grey: Grey, box: Frame): Pick<Measures, 'sharpness' | 'glare' | 'luma'> {
  const { width, height, data } = grey;
  const x0 = Math.max(1, Math.floor(box.left));
  const x1 = Math.min(width - 2, Math.ceil(box.right));
  const y0 = Math.max(1, Math.floor(box.top));
  const y1 = Math.min(height - 2, Math.ceil(box.bottom));
  let n = 0;
  let sum = 0;
  let blown = 0;
  let edge = 0;
  let edgeSquares = 0;
  for (let y = y0; y <= y1; y++) {
    for (let x = x0, i = y * width + x0; x <= x1; x++, i++) {
      const v = data[i] as number;
      const laplace =
        (data[i - 1] as number) + (data[i + 1] as number) + (data[i - width] as number) + (data[i + width] as number) - 4 * v;
      n += 1;
      sum += v;
      if (v >= 250) blown += 1;
      edge += laplace;
      edgeSquares += laplace * laplace;
    }
  }
  if (n === 0) return { sharpness: 0, glare: 0, luma: 0 };
  return { sharpness: edgeSquares / n - (edge / n) ** 2, glare: blown / n, luma: sum / n };
}

/** The one thing most worth saying. Light first: in the dark nothing else can be judged. */
export function hint(m: Measures, limits: Quality): Hint {
  if (m.luma < limits.luma_min) return 'dark';
  if (m.luma > limits.luma_max) return 'bright';
  if (!m.corners) return 'searching';
  if (m.fill < limits.fill_min) return 'closer';
  if (m.fill > limits.fill_max) return 'farther';
  if (m.angle > limits.angle_max) return 'angle';
  if (m.glare > limits.glare_max) return 'glare';
  if (m.sharpness < limits.blur_min) return 'blur';
  return 'hold';
}

/** What to tell about a photo already taken; nothing where it is good. */
export function doubts(m: Pick<Measures, 'sharpness' | 'glare' | 'luma'>, limits: Quality): ('blur' | 'glare' | 'dark' | 'bright')[] {
  const found: ('blur' | 'glare' | 'dark' | 'bright')[] = [];
  if (m.sharpness < limits.blur_min) found.push('blur');
  if (m.glare > limits.glare_max) found.push('glare');
  if (m.luma < limits.luma_min) found.push('dark');
  if (m.luma > limits.luma_max) found.push('bright');
  return found;
}
