// What stands between the preview and a good photograph. It steers hints and the shutter; the
// service judges the photograph itself, by the same measures and thresholds.

import type { Quality } from '@idproof/shared/api/types.ts';
import { surface, type Surface } from './measures.ts';
import { area, outline, skew, type Corners, type Frame } from './outline.ts';
import { toGrey, type Cut, type Sampler } from './picture.ts';
import { PER_MM, resolution, straighten, type Format } from './straighten.ts';

export interface Seen extends Surface {
  corners: Corners;
  /** The document's area over the frame's. */
  fill: number;
  /** Largest difference of a corner from a right angle, degrees. */
  angle: number;
  /** Pixels a millimetre in the photograph that would be taken. */
  resolution: number;
}

export type Hint = 'searching' | 'closer' | 'farther' | 'angle' | 'dark' | 'bright' | 'glare' | 'blur' | 'hold';

// Guidance of the page alone: how near the document must be to the drawn frame.
const FILL_LEAST = 0.6;
const FILL_MOST = 1.12;
const ANGLE_MOST = 12;
/** Mean luma under which not even edges can be told. */
const BLIND = 40;
/** Width at which the outline is looked for. */
const COARSE = 480;

/** The frame drawn over the preview, as shares of what is visible. */
export interface Place {
  margin: number;
  ratio: number;
}

function frameIn(width: number, height: number, { margin, ratio }: Place): Frame {
  const h = (width * (1 - 2 * margin)) / ratio;
  return { left: width * margin, right: width * (1 - margin), top: (height - h) / 2, bottom: (height + h) / 2 };
}

export interface Look {
  seen: Seen | undefined;
  /** Mean luma of the whole picture. */
  light: number;
  /** One even colour: no picture at all. */
  blank: boolean;
}

/** Looks at one picture of the camera, or at the photograph itself. */
export function look(source: CanvasImageSource, cut: Cut, place: Place, format: Format, coarse: Sampler, fine: Sampler): Look | undefined {
  const small = coarse.colour(source, cut, COARSE);
  if (!small) return undefined;
  const grey = toGrey(small);
  let sum = 0;
  let squares = 0;
  for (const v of grey.data) {
    sum += v;
    squares += v * v;
  }
  const light = sum / grey.data.length;
  const blank = squares / grey.data.length - light * light < 4;
  const frame = frameIn(grey.width, grey.height, place);
  const corners = outline(grey, frame);
  const seen = corners && measured(source, cut, corners, frame, cut.width / grey.width, format, fine);
  return { seen, light, blank };
}

/** Measures inside the corners, from the source's own pixels. */
function measured(source: CanvasImageSource, cut: Cut, corners: Corners, frame: Frame, scale: number, format: Format, fine: Sampler): Seen | undefined {
  const own = corners.map((c) => ({ x: cut.x + c.x * scale, y: cut.y + c.y * scale })) as Corners;
  const there = resolution(own, format);
  // Twice as fine as it is measured, so that it can be averaged; no finer than the picture is.
  const factor = Math.min(1, (2 * PER_MM) / there);
  const xs = own.map((c) => c.x);
  const ys = own.map((c) => c.y);
  const left = Math.max(cut.x, Math.min(...xs));
  const top = Math.max(cut.y, Math.min(...ys));
  const box = {
    x: left,
    y: top,
    width: Math.min(cut.x + cut.width, Math.max(...xs)) - left,
    height: Math.min(cut.y + cut.height, Math.max(...ys)) - top,
  };
  const image = fine.colour(source, box, Math.round(box.width * factor));
  if (!image) return undefined;
  const by = image.width / box.width;
  const inside = own.map((c) => ({ x: (c.x - box.x) * by, y: (c.y - box.y) * by })) as Corners;
  const flat = straighten(image, inside, format, Math.min(PER_MM, there));
  const full = (frame.right - frame.left) * (frame.bottom - frame.top);
  return { ...surface(flat), corners, fill: area(corners) / full, angle: skew(corners), resolution: there };
}

/** The one thing most worth saying. Place before light: what is not found cannot be judged. */
export function hint({ seen, light }: Look, limits: Quality): Hint {
  if (!seen) return light < BLIND ? 'dark' : 'searching';
  if (seen.fill > FILL_MOST) return 'farther';
  if (seen.fill < FILL_LEAST || seen.resolution < limits.resolution_min) return 'closer';
  if (seen.angle > ANGLE_MOST) return 'angle';
  return doubts(seen, limits)[0] ?? 'hold';
}

export type Doubt = 'dark' | 'bright' | 'glare' | 'blur';

/** What is not as the service wants it, worst first. */
export function doubts(seen: Surface, limits: Quality): Doubt[] {
  const found: Doubt[] = [];
  if (seen.lightEnd < limits.light_end_min) found.push('dark');
  if (seen.darkEnd > limits.dark_end_max) found.push('bright');
  if (seen.glare > limits.glare_max) found.push('glare');
  if (seen.blur > limits.blur_max) found.push('blur');
  return found;
}
