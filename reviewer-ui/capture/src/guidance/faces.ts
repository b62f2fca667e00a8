// MediaPipe's BlazeFace, as the service uses it: what goes in, and faces out of what comes out. Pure.

export interface Face {
  /** Centre and size, in the picture's pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
  score: number;
}

/** Side of the network's square input. */
export const SIDE = 256;
const MIN_SCORE = 0.6;
/** Overlap from which the weaker of two boxes is the same face. */
const MAX_OVERLAP = 0.3;
/** Cells a side and anchors a cell, in the order of the outputs. */
const GRIDS = [
  [16, 2],
  [8, 6],
] as const;
/** Numbers a box: centre offset, size, six points. */
const BOX = 16;

/** RGBA of the square, row by row, as three planes of 0 to 255. */
export function planes(rgba: Uint8ClampedArray): Float32Array {
  const area = SIDE * SIDE;
  const out = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    out[i] = rgba[4 * i] as number;
    out[i + area] = rgba[4 * i + 1] as number;
    out[i + 2 * area] = rgba[4 * i + 2] as number;
  }
  return out;
}

/** Two pairs of logits and boxes, finer grid first, in the square's pixels. Best face first. */
export function decode(outputs: readonly { logits: Float32Array; boxes: Float32Array }[]): Face[] {
  const found = GRIDS.flatMap(([cells, each], i) => {
    const { logits, boxes } = outputs[i] ?? {};
    if (logits?.length !== cells * cells * each || boxes?.length !== logits.length * BOX) {
      throw new Error('the outputs do not fit the anchors');
    }
    const stride = SIDE / cells;
    return [...logits].flatMap((logit, n) => {
      const score = 1 / (1 + Math.exp(-logit));
      if (score < MIN_SCORE) return [];
      const cell = Math.floor(n / each);
      const [dx, dy, width, height] = boxes.subarray(n * BOX) as unknown as [number, number, number, number];
      return [{ x: dx + stride * ((cell % cells) + 0.5), y: dy + stride * (Math.floor(cell / cells) + 0.5), width, height, score }];
    });
  });
  return suppress(found);
}

function overlap(a: Face, b: Face): number {
  const along = (p: number, q: number, m: number, n: number): number =>
    Math.max(0, Math.min(p + m / 2, q + n / 2) - Math.max(p - m / 2, q - n / 2));
  const both = along(a.x, b.x, a.width, b.width) * along(a.y, b.y, a.height, b.height);
  return both / (a.width * a.height + b.width * b.height - both);
}

function suppress(faces: Face[]): Face[] {
  const kept: Face[] = [];
  for (const face of faces.sort((a, b) => b.score - a.score)) {
    if (kept.every((k) => overlap(k, face) < MAX_OVERLAP)) kept.push(face);
  }
  return kept;
}

/** From the square back to the picture that was fitted evenly into it. */
export function unfit(face: Face, width: number, height: number): Face {
  const scale = Math.max(width, height) / SIDE;
  const back = (v: number, side: number): number => (v - SIDE / 2) * scale + side / 2;
  return { x: back(face.x, width), y: back(face.y, height), width: face.width * scale, height: face.height * scale, score: face.score };
}
