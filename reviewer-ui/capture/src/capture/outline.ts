// Where the document lies in the preview: one straight edge near each side of the drawn frame.

import type { Grey } from './picture.ts';

export interface Point {
  x: number;
  y: number;
}
/** Top left, top right, bottom right, bottom left. */
export type Corners = [Point, Point, Point, Point];

export interface Frame {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

// Across `at` (0 at the side's start, 1 at its end) the edge lies at `first + slope · at`.
interface Line {
  first: number;
  last: number;
  support: number;
}

const SCANS = 28;
/** A step of so many grey levels within three pixels can be an edge. */
const STEP = 9;
const NEAR = 1.6;
const ENOUGH = 0.55;

/** Grey level steps along a scan, strongest places only. `read(i)` walks from outside to inside. */
function steps(length: number, read: (i: number) => number): number[] {
  const found: { at: number; step: number }[] = [];
  let before = 0;
  let rising = true;
  for (let i = 1; i < length - 1; i++) {
    const step = Math.abs(read(i + 1) - read(i - 1));
    if (step < before && rising && before >= STEP) found.push({ at: i - 1, step: before });
    rising = step >= before;
    before = step;
  }
  const best = Math.max(0, ...found.map((f) => f.step));
  return found.filter((f) => f.step >= best * 0.3).map((f) => f.at).slice(0, 5);
}

/** The outermost straight line that most scans agree on. */
function line(scans: number[][], tilt: number): Line | undefined {
  const n = scans.length;
  const fit = (first: number, last: number): number => {
    let support = 0;
    for (let k = 0; k < n; k++) {
      const at = first + ((last - first) * k) / (n - 1);
      if ((scans[k] as number[]).some((s) => Math.abs(s - at) <= NEAR)) support += 1;
    }
    return support;
  };
  let best: Line | undefined;
  const third = Math.floor(n / 3);
  for (let a = 0; a < third; a += 2) {
    for (let b = n - third; b < n; b += 2) {
      for (const p of scans[a] as number[]) {
        for (const q of scans[b] as number[]) {
          const slope = (q - p) / (b - a);
          const first = p - slope * a;
          const last = p + slope * (n - 1 - a);
          if (Math.abs(last - first) > tilt) continue;
          const support = fit(first, last);
          if (support < ENOUGH * n) continue;
          // Print inside the document makes lines too; the border is the one farthest out.
          const outer = !best || (first + last < best.first + best.last - 4 && support > best.support * 0.75);
          if (outer || (best && support > best.support + 3 && first + last < best.first + best.last + 4)) {
            best = { first, last, support };
          }
        }
      }
    }
  }
  return best;
}

/** The document's corners, if an edge is found near every side of the frame. */
export function outline(grey: Grey, frame: Frame): Corners | undefined {
  const { width, height, data } = grey;
  const w = frame.right - frame.left;
  const h = frame.bottom - frame.top;
  // How far an edge may lie outside and inside the frame.
  const out = 0.14 * h;
  const inward = 0.3;
  const clampX = (x: number): number => Math.max(1, Math.min(width - 2, Math.round(x)));
  const clampY = (y: number): number => Math.max(1, Math.min(height - 2, Math.round(y)));
  // The mean of three neighbours along the side, against noise.
  const across = (x: number, y: number): number => {
    const i = clampY(y) * width + clampX(x);
    return ((data[i - 1] as number) + (data[i] as number) + (data[i + 1] as number)) / 3;
  };
  const down = (x: number, y: number): number => {
    const i = clampY(y) * width + clampX(x);
    return ((data[i - width] as number) + (data[i] as number) + (data[i + width] as number)) / 3;
  };
  const places = Array.from({ length: SCANS }, (_, k) => 0.12 + (0.76 * k) / (SCANS - 1));

  const level = (from: number, sign: 1 | -1): Line | undefined => {
    const start = from - sign * out;
    const length = Math.round(out + inward * h);
    const scans = places.map((p) => steps(length, (i) => across(frame.left + w * p, start + sign * i)));
    const found = line(scans, w * 0.2);
    return found && { ...found, first: start + sign * found.first, last: start + sign * found.last };
  };
  const upright = (from: number, sign: 1 | -1): Line | undefined => {
    const start = from - sign * out;
    const length = Math.round(out + inward * w);
    const scans = places.map((p) => steps(length, (i) => down(start + sign * i, frame.top + h * p)));
    const found = line(scans, h * 0.2);
    return found && { ...found, first: start + sign * found.first, last: start + sign * found.last };
  };

  const top = level(frame.top, 1);
  const bottom = top && level(frame.bottom, -1);
  const left = bottom && upright(frame.left, 1);
  const right = left && upright(frame.right, -1);
  if (!top || !bottom || !left || !right) return undefined;

  // A line given at 12 % and 88 % of the side, as two points.
  const flat = (l: Line): [Point, Point] => [
    { x: frame.left + w * 0.12, y: l.first },
    { x: frame.left + w * 0.88, y: l.last },
  ];
  const steep = (l: Line): [Point, Point] => [
    { x: l.first, y: frame.top + h * 0.12 },
    { x: l.last, y: frame.top + h * 0.88 },
  ];
  const corners = [
    meet(flat(top), steep(left)),
    meet(flat(top), steep(right)),
    meet(flat(bottom), steep(right)),
    meet(flat(bottom), steep(left)),
  ];
  return corners.every((c) => c !== undefined) ? (corners as Corners) : undefined;
}

function meet([a, b]: [Point, Point], [c, d]: [Point, Point]): Point | undefined {
  const [ux, uy, vx, vy] = [b.x - a.x, b.y - a.y, d.x - c.x, d.y - c.y];
  const cross = ux * vy - uy * vx;
  if (Math.abs(cross) < 1e-6) return undefined;
  const s = ((c.x - a.x) * vy - (c.y - a.y) * vx) / cross;
  return { x: a.x + s * ux, y: a.y + s * uy };
}

export function area(corners: Corners): number {
  let twice = 0;
  for (let i = 0; i < 4; i++) {
    const p = corners[i] as Point;
    const q = corners[(i + 1) % 4] as Point;
    twice += p.x * q.y - q.x * p.y;
  }
  return Math.abs(twice) / 2;
}

/** The largest difference of a corner from a right angle, in degrees. */
export function skew(corners: Corners): number {
  let worst = 0;
  for (let i = 0; i < 4; i++) {
    const p = corners[(i + 3) % 4] as Point;
    const o = corners[i] as Point;
    const q = corners[(i + 1) % 4] as Point;
    const angle = Math.abs(Math.atan2(p.y - o.y, p.x - o.x) - Math.atan2(q.y - o.y, q.x - o.x));
    const degrees = (Math.min(angle, 2 * Math.PI - angle) * 180) / Math.PI;
    worst = Math.max(worst, Math.abs(degrees - 90));
  }
  return worst;
}

/** How far the corners have moved at most. */
export function shift(a: Corners, b: Corners): number {
  return Math.max(...a.map((p, i) => Math.hypot(p.x - (b[i] as Point).x, p.y - (b[i] as Point).y)));
}
