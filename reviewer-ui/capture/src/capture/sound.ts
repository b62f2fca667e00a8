/** How loud it is, from 0 to 1, smoothed; and whether somebody has spoken. */
export class Meter {
  readonly #context: AudioContext;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;
  #level = 0;
  #floor = 0.02;
  #loudMs = 0;
  #last = performance.now();

  constructor(stream: MediaStream) {
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    void this.#context.resume().catch(() => {});
  }

  /** Reads the sound of this moment. */
  read(): { level: number; heard: boolean } {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let squares = 0;
    for (const v of this.#samples) squares += v * v;
    const rms = Math.sqrt(squares / this.#samples.length);
    const now = performance.now();
    const passed = Math.min(200, now - this.#last);
    this.#last = now;
    // The room's own noise is followed slowly; a voice stands well above it.
    this.#floor += (Math.min(rms, 0.05) - this.#floor) * (rms < this.#floor ? 0.2 : 0.005);
    const loud = rms > Math.max(0.012, this.#floor * 3);
    this.#loudMs = loud ? this.#loudMs + passed : Math.max(0, this.#loudMs - passed / 20);
    const shown = Math.min(1, Math.max(0, (20 * Math.log10(rms + 1e-6) + 60) / 50));
    this.#level += (shown - this.#level) * 0.4;
    return { level: this.#level, heard: this.#loudMs > 250 };
  }

  close(): void {
    void this.#context.close().catch(() => {});
  }
}
