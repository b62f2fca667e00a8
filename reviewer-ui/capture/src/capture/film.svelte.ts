// One take: the challenge is drawn, the recorder runs, the steps are shown, the chunks leave.

import type { Client } from '@idproof/shared/api/client.ts';
import type { Adaptation, Challenge, Step } from '@idproof/shared/api/types.ts';
import { device } from '../lib/device.ts';
import type { Camera } from './camera.ts';
import { takes } from './take.ts';
import { Sender, type Progress } from './upload.ts';

/** Why a take does not count. None of them is the applicant's fault. */
export type Void = 'interrupted' | 'rotated' | 'silent' | 'lost';

export interface ShownStep {
  step: number;
  at_ms: number;
}

const CHUNK_MS = 1000;
/** After the last step, so that the answer is on the recording. */
const TAIL_MS = { digit: 2500, head: 3000, document: 4000 };
/** iPhones report a mute at the start that means nothing. */
const MUTE_MS = 1000;

function container(): string | undefined {
  // WebKit claims WebM and writes files that do not play.
  const webm = ['video/webm;codecs=vp8,opus', 'video/webm'];
  const wanted = device.webkit ? ['video/mp4', ...webm] : [...webm, 'video/mp4'];
  return wanted.find((type) => MediaRecorder.isTypeSupported(type));
}

export class Film {
  readonly #api: Client;
  readonly #camera: Camera;
  readonly #voided: (why: Void) => void;
  #recorder: MediaRecorder | undefined;
  #sender: Sender | undefined;
  #parts: Blob[] = [];
  #timers: number[] = [];
  #release: (() => void)[] = [];
  #started = 0;
  #over = false;
  #answers: { step: number; digit: number; at_ms: number }[] = [];

  steps = $state.raw<Step[]>([]);
  shown: ShownStep[] = [];
  /** Index of the step on the screen; -1 before the first. */
  now = $state.raw(-1);
  filming = $state.raw(false);
  ended = $state.raw(false);
  progress = $state.raw<Progress>({ sent: 0, known: 0, waiting: false });

  constructor(api: Client, camera: Camera, voided: (why: Void) => void) {
    this.#api = api;
    this.#camera = camera;
    this.#voided = voided;
  }

  get upload(): string {
    return this.#sender?.id ?? '';
  }
  get picture(): Blob {
    return new Blob(this.#parts, { type: this.#recorder?.mimeType.split(';')[0] ?? '' });
  }

  /** Draws the challenge and starts. Throws `Problem` where the service refuses. */
  async begin(adapt: Adaptation[]): Promise<void> {
    const challenge: Challenge = await this.#api.challenge(adapt);
    this.steps = challenge.steps;
    const upload = await this.#api.openUpload('selfie_video', {
      challenge_id: challenge.id,
      challenge_token: challenge.token,
      capture: this.#camera.facts,
    });
    this.#sender = new Sender(this.#api, upload.id, (p) => (this.progress = p), (n) => {
      if (!this.#over) void takes.arrived(n);
    });
    if (this.#over) return void this.#sender.discard('redo');
    void takes.clear();
    void takes.note({ upload: upload.id, case: this.#api.id, chunks: 0, capture: null });
    this.#watch();
    this.#record();
  }

  #record(): void {
    const mimeType = container();
    const recorder = new MediaRecorder(this.#camera.stream, {
      ...(mimeType && { mimeType }),
      videoBitsPerSecond: 2_500_000,
      audioBitsPerSecond: 96_000,
    });
    this.#recorder = recorder;
    recorder.ondataavailable = (event) => {
      if (event.data.size === 0 || this.#over) return;
      const n = this.#parts.length;
      this.#parts.push(event.data);
      void takes.keep(n, event.data);
      this.#sender?.add(event.data, n);
    };
    recorder.onerror = () => this.cancel('lost');
    recorder.onstart = () => this.#show();
    recorder.onstop = () => this.#stopped();
    recorder.start(CHUNK_MS);
  }

  /** The clock starts with the recorder, so that the times mean places in the recording. */
  #show(): void {
    this.#started = performance.now();
    this.filming = true;
    this.steps.forEach((step, i) => {
      this.#timers.push(window.setTimeout(() => this.#turn(i), step.after_ms));
    });
    const last = this.steps.at(-1);
    const end = last ? last.after_ms + (last.for_ms ?? TAIL_MS[last.kind]) : 3000;
    this.#timers.push(window.setTimeout(() => this.stop(), end));
  }

  #turn(i: number): void {
    this.now = i;
    // What counts is when it was on the screen, not when it was due.
    requestAnimationFrame(() => this.shown.push({ step: i, at_ms: this.elapsed }));
  }

  get elapsed(): number {
    return Math.round(performance.now() - this.#started);
  }

  /** A digit touched on the screen, where the applicant answers without speaking. */
  answer(digit: number): void {
    this.#answers.push({ step: this.now, digit, at_ms: this.elapsed });
  }

  stop(): void {
    if (this.#recorder?.state === 'recording') this.#recorder.stop();
  }

  #stopped(): void {
    this.filming = false;
    this.#unwatch();
    if (this.#over) return;
    this.ended = true;
    const sender = this.#sender;
    if (!sender || this.#parts.length === 0) return this.cancel('lost');
    void takes.note({ upload: sender.id, case: this.#api.id, chunks: this.#parts.length, capture: this.#capture() });
  }

  #capture(): Record<string, unknown> {
    return {
      ...this.#camera.facts,
      mime: this.#recorder?.mimeType,
      length_ms: this.elapsed,
      shown: this.shown,
      ...(this.#answers.length > 0 && { answers: this.#answers }),
    };
  }

  /** Ends when every chunk has arrived. */
  async send(): Promise<void> {
    await this.#sender?.finish(this.#parts.length, this.#capture());
    await takes.clear();
  }

  /** Throws the take away, here and at the service. */
  cancel(why?: Void): void {
    if (this.#over) return;
    this.#over = true;
    this.filming = false;
    this.#unwatch();
    if (this.#recorder && this.#recorder.state !== 'inactive') this.#recorder.stop();
    void this.#sender?.discard(why ? 'interrupted' : 'redo');
    void takes.clear();
    if (why) this.#voided(why);
  }

  #watch(): void {
    const on = (target: EventTarget, type: string, work: () => void): void => {
      target.addEventListener(type, work);
      this.#release.push(() => target.removeEventListener(type, work));
    };
    // In the background the picture goes black: a call, another app, a locked screen.
    on(document, 'visibilitychange', () => document.hidden && this.cancel('interrupted'));
    on(window, 'pagehide', () => this.cancel());
    const upright = matchMedia('(orientation: portrait)');
    if (device.handheld) on(upright, 'change', () => this.cancel('rotated'));
    for (const track of this.#camera.stream.getTracks()) {
      const why = track.kind === 'audio' ? 'silent' : 'interrupted';
      on(track, 'ended', () => this.cancel(why));
      let timer = 0;
      on(track, 'mute', () => {
        timer = window.setTimeout(() => this.filming && this.cancel(why), MUTE_MS);
      });
      on(track, 'unmute', () => clearTimeout(timer));
    }
    void stayAwake().then((release) => (this.#over || this.ended ? release() : this.#release.push(release)));
  }

  #unwatch(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const release of this.#release) release();
    this.#timers = [];
    this.#release = [];
  }
}

async function stayAwake(): Promise<() => void> {
  const lock = await navigator.wakeLock?.request('screen').catch(() => undefined);
  return () => void lock?.release().catch(() => {});
}
