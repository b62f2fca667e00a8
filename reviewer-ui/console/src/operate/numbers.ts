import type { Bin, Outcome, Threshold } from './policy.ts';

/** The value below which a standard normal deviate lies with this probability (Acklam, relative error below 1.2e-9). */
export function probit(p: number): number {
  if (!(p > 0 && p < 1)) return p <= 0 ? -Infinity : Infinity;
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const fold = (list: number[], x: number): number => list.reduce((sum, one) => sum * x + one, 0);
  const low = 0.02425;
  if (p > 1 - low) return -probit(1 - p);
  if (p < low) {
    const q = Math.sqrt(-2 * Math.log(p));
    return fold(c, q) / (fold(d, q) * q + 1);
  }
  const q = p - 0.5;
  return (fold(a, q * q) * q) / (fold(b, q * q) * q * q + 1);
}

/** How many cases lie between two values, a bin cut through counted by its share. */
export function between(bins: readonly Bin[], a: number, b: number): number {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  return Math.round(
    bins.reduce((sum, bin) => {
      const part = (Math.min(high, bin.to) - Math.max(low, bin.from)) / (bin.to - bin.from);
      return sum + Math.max(0, part) * total(bin);
    }, 0),
  );
}
export const total = (bin: Record<Outcome, number>): number => bin.accept + bin.refuse + bin.review + bin.retake;

/** What of a threshold's range is drawn: where scores and values lie, not the whole range it may have. */
export function window(one: Threshold, ...values: number[]): [number, number] {
  const filled = one.histogram.bins.filter((bin) => total(bin) > 0);
  const all = [one.value, one.default, ...values.filter(Number.isFinite), ...filled.flatMap((bin) => [bin.from, bin.to])];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low) * 0.12 || (one.max - one.min) * 0.05;
  return [Math.max(one.min, low - room), Math.min(one.max, high + room)];
}

/** A step of 1, 2 or 5 times a power of ten, about 200 of them in the range. */
export function stepOf(low: number, high: number): number {
  const rough = (high - low) / 200;
  const power = 10 ** Math.floor(Math.log10(rough));
  const ratio = rough / power;
  return Number((power * (ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10)).toPrecision(3));
}

/** A text as a number; null where it is none. A comma is a point. */
export function numberIn(text: string): number | null {
  const plain = text.trim().replace(',', '.').replace('−', '-');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

const GROUND = [0xf6, 0xf4, 0xef];

/** The least contrast a colour `#rrggbb` has on an applicant's page: on its ground under a sixteenth of the colour. As the service counts it. */
export function onPages(colour: string): number | null {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!found) return null;
  const under = GROUND.map((part, i) => Math.round(part + ((parseInt(found[i + 1] ?? '', 16) - part) * 16) / 255));
  return contrast(colour, '#' + under.map((part) => part.toString(16).padStart(2, '0')).join(''));
}

/** Black on white, white on black and the rest: the contrast of WCAG 2.2 of two colours `#rrggbb`; null where one is none. */
export function contrast(one: string, other: string): number | null {
  const light = (hex: string): number | null => {
    const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
    if (!found) return null;
    const [r = 0, g = 0, b = 0] = found.slice(1).map((part) => {
      const share = parseInt(part, 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [light(one), light(other)];
  return a === null || b === null ? null : (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
