// Grey pictures for measuring, cut out of the camera's.

/** Luma, one byte a pixel, row by row. */
export interface Grey {
  width: number;
  height: number;
  data: Uint8Array;
}

/** A rectangle of the video, in its own pixels. */
export interface Cut {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What of a video shows in a box that it covers, when its surplus is hidden evenly. */
export function visible(video: { videoWidth: number; videoHeight: number }, aspect: number): Cut {
  const { videoWidth: w, videoHeight: h } = video;
  if (w / h > aspect) {
    const width = h * aspect;
    return { x: (w - width) / 2, y: 0, width, height: h };
  }
  const height = w / aspect;
  return { x: 0, y: (h - height) / 2, width: w, height };
}

/** ITU-R BT.601 luma, as the service computes it. */
export function toGrey(image: ImageData): Grey {
  const { width, height, data: rgba } = image;
  const data = new Uint8Array(width * height);
  for (let i = 0, p = 0; i < data.length; i++, p += 4) {
    data[i] = ((rgba[p] as number) * 299 + (rgba[p + 1] as number) * 587 + (rgba[p + 2] as number) * 114 + 500) / 1000;
  }
  return { width, height, data };
}

/** Reuses one canvas for all measurements of a screen. */
export class Sampler {
  readonly #context: CanvasRenderingContext2D | null;
  constructor() {
    this.#context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  }

  /** The cut, scaled to the width, in colours. */
  colour(source: CanvasImageSource, cut: Cut, width: number): ImageData | undefined {
    const context = this.#context;
    const height = Math.max(1, Math.round((width * cut.height) / cut.width));
    if (!context || !(cut.width > 0)) return undefined;
    if (context.canvas.width !== width || context.canvas.height !== height) {
      context.canvas.width = width;
      context.canvas.height = height;
    }
    context.drawImage(source, cut.x, cut.y, cut.width, cut.height, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  }

  grey(source: CanvasImageSource, cut: Cut, width: number): Grey | undefined {
    const image = this.colour(source, cut, width);
    return image && toGrey(image);
  }
}

/** A camera that gives one even colour is covered, or is an infrared or depth sensor. */
export function isBlank(grey: Grey): boolean {
  let sum = 0;
  let squares = 0;
  for (const v of grey.data) {
    sum += v;
    squares += v * v;
  }
  const n = grey.data.length;
  return squares / n - (sum / n) ** 2 < 4;
}

/** The whole present picture of a video, as JPEG. */
export async function still(video: HTMLVideoElement): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('no picture'))), 'image/jpeg', 0.93),
  );
}
