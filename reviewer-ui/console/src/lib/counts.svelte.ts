import { me } from './session.svelte.ts';
import type { Counts } from './types.ts';

const EVERY_MS = 6_000;

class Live {
  now = $state.raw<Counts | null>(null);
  /** Goes up whenever something in the queue has changed. */
  version = $state(0);

  set(counts: Counts): void {
    if (JSON.stringify(counts) !== JSON.stringify(this.now)) this.version += 1;
    this.now = counts;
  }
  /** Asks again and again until the returned function is called; not while nobody looks. */
  watch(): () => void {
    const ask = (): void => {
      if (!document.hidden) void me.api.counts().then((c) => this.set(c), () => {});
    };
    ask();
    const beat = setInterval(ask, EVERY_MS);
    document.addEventListener('visibilitychange', ask);
    return () => {
      clearInterval(beat);
      document.removeEventListener('visibilitychange', ask);
    };
  }
}

export const counts = new Live();
