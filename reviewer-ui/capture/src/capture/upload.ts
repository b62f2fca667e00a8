// Sends a file in numbered chunks. A chunk lost on the way is sent again until it arrives.

import { Problem } from '@idproof/shared/api/problem.ts';
import type { Client } from '@idproof/shared/api/client.ts';

export async function digest(bytes: Blob): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await bytes.arrayBuffer()));
  return btoa(String.fromCharCode(...hash));
}

/** Waits, but not longer than until the browser says that the network is back. */
function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener('online', end);
      stopped.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    addEventListener('online', end);
    stopped.addEventListener('abort', end);
  });
}

const FIRST_PAUSE_MS = 800;
const LONGEST_PAUSE_MS = 8000;

/** Does it until it is done. Only what trying again cannot mend is thrown. */
export async function persist<T>(work: () => Promise<T>, stopped: AbortSignal, waiting: (w: boolean) => void): Promise<T> {
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(ms * 2, LONGEST_PAUSE_MS)) {
    stopped.throwIfAborted();
    try {
      const result = await work();
      waiting(false);
      return result;
    } catch (cause) {
      if (!(cause instanceof Problem) || !cause.passing) throw cause;
      waiting(true);
      await pause(ms, stopped);
    }
  }
}

export interface Progress {
  sent: number;
  known: number;
  waiting: boolean;
}

/** One upload under way: chunks are added while it sends. */
export class Sender {
  readonly id: string;
  readonly #api: Client;
  readonly #tell: (p: Progress) => void;
  readonly #arrived: (n: number) => void;
  readonly #stop = new AbortController();
  #queue: { n: number; bytes: Blob }[] = [];
  #count = 0;
  #sent = 0;
  #known = 0;
  #waiting = false;
  #work: Promise<void> = Promise.resolve();

  constructor(api: Client, id: string, tell: (p: Progress) => void, arrived: (n: number) => void = () => {}) {
    this.#api = api;
    this.id = id;
    this.#tell = tell;
    this.#arrived = arrived;
  }

  get chunks(): number {
    return this.#count;
  }

  /** Adds the next chunk, or a certain one when an upload is resumed. */
  add(bytes: Blob, n = this.#count): void {
    this.#count = Math.max(this.#count, n + 1);
    this.#known += bytes.size;
    this.#queue.push({ n, bytes });
    this.#work = this.#work.then(() => this.#sendOne());
    // Whoever waits for the end hears of the failure; nobody else needs to.
    this.#work.catch(() => {});
    this.#report();
  }

  async #sendOne(): Promise<void> {
    const chunk = this.#queue.shift();
    if (!chunk) return;
    const hash = await digest(chunk.bytes);
    await persist(() => this.#api.sendChunk(this.id, chunk.n, chunk.bytes, hash), this.#stop.signal, (w) => this.#wait(w));
    this.#sent += chunk.bytes.size;
    this.#arrived(chunk.n);
    this.#report();
  }

  /** All chunks are there, and the service has put them together. */
  async finish(chunks = this.#count, capture?: unknown): Promise<void> {
    await this.#work;
    await persist(() => this.#api.completeUpload(this.id, chunks, capture), this.#stop.signal, (w) => this.#wait(w));
  }

  /** Stops sending; what has arrived is thrown away. */
  async discard(reason?: 'redo' | 'interrupted'): Promise<void> {
    this.#stop.abort();
    await this.#api.discardUpload(this.id, reason).catch(() => {});
  }

  #wait(waiting: boolean): void {
    if (waiting === this.#waiting) return;
    this.#waiting = waiting;
    this.#report();
  }
  #report(): void {
    this.#tell({ sent: this.#sent, known: this.#known, waiting: this.#waiting });
  }
}
