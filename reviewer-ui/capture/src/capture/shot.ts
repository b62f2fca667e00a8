import type { Cut } from './picture.ts';
import type { Place } from './quality.ts';
import type { Format } from './straighten.ts';

/** A photograph, and where the frame lay in it; a file has none. */
export interface Shot {
  photo: Blob;
  framed?: { cut: Cut; place: Place; format: Format };
}
