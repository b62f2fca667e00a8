import type { ProblemBody } from './types.ts';

// Refusals that say: try again. Other 429s, such as a used-up attempt, do not pass by waiting.
const PASSING = ['rate_limited', 'cut_off', 'changed_meanwhile', 'idempotency_running'];

/** Why a request did not do what was asked, by the service's stable code or one of ours. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: { pointer: string; code: string; detail?: string }[];
  /** Attempts left, where the service tells. */
  readonly remaining: number | undefined;
  /** When to try again, where the service tells. */
  readonly until: Date | undefined;

  constructor(status: number, body: ProblemBody, retryAfter?: string | null) {
    const code = body.code ?? (status === 0 ? 'network' : `http_${status}`);
    super(code);
    this.code = code;
    this.status = status;
    this.fields = body.errors ?? [];
    this.remaining = body.remaining ?? undefined;
    this.until = moment(body.until, retryAfter);
  }

  /** Trying the same thing again may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status >= 500 || PASSING.includes(this.code);
  }
}

function moment(until: string | null | undefined, retryAfter: string | null | undefined): Date | undefined {
  if (until) return new Date(until);
  const seconds = Number(retryAfter);
  return retryAfter && Number.isFinite(seconds) ? new Date(Date.now() + seconds * 1000) : undefined;
}
