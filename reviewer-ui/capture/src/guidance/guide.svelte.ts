// Tells the applicant live where to put the face. A help and no judgement: without it the page works the same.

import { light } from '../capture/light.ts';
import { Sampler, visible } from '../capture/picture.ts';
import address from './detector.worker.ts?worker&url';
import type { Told } from './detector.worker.ts';
import { SIDE, unfit, type Face } from './faces.ts';
import { place, Steady, type Hint, type Oval } from './place.ts';

/** At most so often, and never for more than a third of the time: the recorder comes first. */
const PAUSE_MS = 140;
const SHARE = 2;
/** A device that needs so long for one picture has better things to do; the first may take longer. */
const SLOW_MS = 900;
const SLOW_TIMES = 3;

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: () => string }): { createScriptURL(address: string): string };
}
// The policy runs no script of unknown origin; this one is ours.
const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
const script = types?.createPolicy('idproof-detector', { createScriptURL: () => address }).createScriptURL('') ?? address;

export class Guide {
  readonly #worker: Worker;
  readonly #square = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  readonly #sampler = new Sampler();
  readonly #steady = new Steady();
  #video: HTMLVideoElement | undefined;
  #oval: HTMLElement | undefined;
  #asked = 0;
  #timer = 0;
  #slow = 0;
  #ready = false;
  #waiting = false;
  /** What to say now; nothing while it does not know. */
  hint = $state.raw<Hint>();

  constructor() {
    this.#worker = new Worker(script, { type: 'module' });
    this.#worker.onmessage = (event: MessageEvent<Told>) => this.#told(event.data);
    this.#worker.onerror = () => this.close();
    if (this.#square) this.#square.canvas.width = this.#square.canvas.height = SIDE;
  }

  /** Looks at this video from now on; the oval is drawn over it. */
  watch(video: HTMLVideoElement, oval: HTMLElement): void {
    this.#video = video;
    this.#oval = oval;
    this.#look();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#worker.terminate();
    this.#ready = false;
    this.hint = undefined;
  }

  #told(what: Told): void {
    if (what === 'failed') return this.close();
    this.#waiting = false;
    if (what === 'ready') this.#ready = true;
    else this.#judge(what);
    const spent = what === 'ready' ? 0 : performance.now() - this.#asked;
    this.#slow = spent > SLOW_MS ? this.#slow + 1 : 0;
    if (this.#slow >= SLOW_TIMES) return this.close();
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#look(), Math.max(PAUSE_MS, SHARE * spent));
  }

  #look(): void {
    const video = this.#video;
    const square = this.#square;
    if (!this.#ready || this.#waiting || !square || !video?.videoWidth) return;
    const scale = SIDE / Math.max(video.videoWidth, video.videoHeight);
    const [w, h] = [video.videoWidth * scale, video.videoHeight * scale];
    square.clearRect(0, 0, SIDE, SIDE);
    square.drawImage(video, (SIDE - w) / 2, (SIDE - h) / 2, w, h);
    const { data } = square.getImageData(0, 0, SIDE, SIDE);
    this.#waiting = true;
    this.#asked = performance.now();
    this.#worker.postMessage(data, [data.buffer]);
  }

  #judge(found: Face[]): void {
    const video = this.#video;
    const box = video?.getBoundingClientRect();
    const drawn = this.#oval?.getBoundingClientRect();
    if (!video?.videoWidth || !box?.width || !drawn?.width) return;
    const cut = visible(video, box.width / box.height);
    const scale = cut.width / box.width;
    const oval: Oval = {
      // Drawn in the middle, so that the mirror makes no difference.
      x: cut.x + cut.width / 2,
      y: cut.y + (drawn.top + drawn.height / 2 - box.top) * scale,
      width: drawn.width * scale,
      height: drawn.height * scale,
    };
    const where = place(found.map((f) => unfit(f, video.videoWidth, video.videoHeight)), oval);
    const grey = where === 'good' ? this.#sampler.grey(video, cut, 96) : undefined;
    const lit = grey ? light(grey) : 'ok';
    this.hint = this.#steady.see(lit === 'ok' ? where : lit, performance.now());
  }
}
