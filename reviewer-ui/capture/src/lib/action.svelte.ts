import { Problem } from '@idproof/shared/api/problem.ts';
import { session } from './session.svelte.ts';

/** One button's work: busy while it runs, and why it did not go well. */
export class Action {
  busy = $state.raw(false);
  problem = $state.raw<Problem | null>(null);

  /** Runs the work unless it is running already. True if it ended well. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await work();
      return true;
    } catch (cause) {
      const problem = cause instanceof Problem ? cause : new Problem(-1, { code: 'page' });
      if (!(cause instanceof Problem)) console.error(cause);
      // The page knows an older state of things.
      if (problem.status === 409) await session.refresh().catch(() => {});
      if (problem.code === 'consent_version_old') session.service = await session.api.service().catch(() => session.service);
      if (!session.endBy(problem)) this.problem = problem;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
