import { untrack } from 'svelte';
import { Problem } from '@idproof/shared/api/problem.ts';

/** One button's work, or one list's loading: busy while it runs, and why it did not go well. */
export class Action {
  busy = $state.raw(false);
  problem = $state.raw<Problem | null>(null);
  #waiting: (() => Promise<void>) | null = null;

  /** Runs the work unless it is running already. True if it ended well. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (untrack(() => this.busy)) return false;
    this.busy = true;
    let well = false;
    try {
      await untrack(work);
      well = true;
      this.problem = null;
    } catch (cause) {
      if (!(cause instanceof Problem)) console.error(cause);
      this.problem = cause instanceof Problem ? cause : new Problem(-1, { code: 'page' });
    }
    this.busy = false;
    return well;
  }

  /** Runs the work, once more afterwards when it was asked for while it ran. */
  async refresh(work: () => Promise<void>): Promise<void> {
    if (untrack(() => this.busy)) {
      this.#waiting = work;
      return;
    }
    await this.run(work);
    const next = this.#waiting;
    this.#waiting = null;
    if (next) await this.refresh(next);
  }
}
