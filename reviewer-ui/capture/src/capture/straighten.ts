// The document alone, upright and without perspective, at a fixed number of pixels a millimetre:
// what the service measures too.

import type { Corners, Point } from './outline.ts';

/** Red, green, blue, row by row. */
export interface Flat {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

export interface Format {
  /** Millimetres. */
  width: number;
  height: number;
}
/** ID-1 of ISO/IEC 7810, and the data page of an ICAO 9303 passport. */
export const CARD: Format = { width: 85.6, height: 53.98 };
export const PAGE: Format = { width: 125, height: 88 };

/** Pixels a millimetre at which quality is measured. */
export const PER_MM = 6;

const length = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

/** Pixels of the picture a millimetre of the document, along its worst side. */
export function resolution([a, b, c, d]: Corners, format: Format): number {
  const across = Math.min(length(a, b), length(d, c)) / format.width;
  const down = Math.min(length(b, c), length(a, d)) / format.height;
  return Math.min(across, down);
}

/** From the unit square to a quadrilateral (Heckbert, 1989): the nine numbers of the matrix. */
function homography([p, q, r, s]: Corners): number[] {
  const dx1 = q.x - r.x;
  const dx2 = s.x - r.x;
  const dy1 = q.y - r.y;
  const dy2 = s.y - r.y;
  const sx = p.x - q.x + r.x - s.x;
  const sy = p.y - q.y + r.y - s.y;
  const det = dx1 * dy2 - dx2 * dy1 || 1;
  const g = (sx * dy2 - dx2 * sy) / det;
  const h = (dx1 * sy - sx * dy1) / det;
  return [q.x - p.x + g * q.x, s.x - p.x + h * s.x, p.x, q.y - p.y + g * q.y, s.y - p.y + h * s.y, p.y, g, h, 1];
}

/** Cuts the document out of a picture (RGBA), with `margin` millimetres round it. */
export function straighten(image: ImageData, corners: Corners, format: Format, perMm: number, margin = 0): Flat {
  const width = Math.max(1, Math.round((format.width + 2 * margin) * perMm));
  const height = Math.max(1, Math.round((format.height + 2 * margin) * perMm));
  const m = homography(corners) as [number, number, number, number, number, number, number, number, number];
  const out = new Uint8ClampedArray(width * height * 3);
  // Where the picture is much finer, each pixel is the mean of several places.
  const by = Math.max(1, Math.min(4, Math.round(resolution(corners, format) / perMm)));
  const weight = 1 / (by * by);
  const { data: rgba, width: w, height: h } = image;
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let k = 0; k < by * by; k++) {
        const u = ((x + ((k % by) + 0.5) / by) / perMm - margin) / format.width;
        const v = ((y + (Math.floor(k / by) + 0.5) / by) / perMm - margin) / format.height;
        const z = m[6] * u + m[7] * v + m[8];
        const px = (m[0] * u + m[1] * v + m[2]) / z - 0.5;
        const py = (m[3] * u + m[4] * v + m[5]) / z - 0.5;
        const x0 = Math.floor(px);
        const y0 = Math.floor(py);
        if (x0 < 0 || y0 < 0 || x0 + 1 >= w || y0 + 1 >= h) continue;
        const fx = px - x0;
        const fy = py - y0;
        const i = (y0 * w + x0) * 4;
        const j = i + w * 4;
        const a = (1 - fx) * (1 - fy);
        const b = fx * (1 - fy);
        const c = (1 - fx) * fy;
        const d = fx * fy;
        const at = (n: number): number => rgba[n] as number;
        red += a * at(i) + b * at(i + 4) + c * at(j) + d * at(j + 4);
        green += a * at(i + 1) + b * at(i + 5) + c * at(j + 1) + d * at(j + 5);
        blue += a * at(i + 2) + b * at(i + 6) + c * at(j + 2) + d * at(j + 6);
      }
      out[o] = red * weight;
      out[o + 1] = green * weight;
      out[o + 2] = blue * weight;
    }
  }
  return { width, height, data: out };
}
