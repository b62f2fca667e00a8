import type { Problem } from '@idproof/shared/api/problem.ts';

/** What is wrong with a form, field by field, and how often it was sent that way. */
export class Faults {
  #faults = $state.raw<Record<string, string>>({});
  sent = $state.raw(0);

  of(field: string): string | undefined {
    return this.#faults[field];
  }
  get list(): [string, string][] {
    return Object.entries(this.#faults);
  }
  /** Replaces all; true if there are none. */
  set(faults: Record<string, string | undefined>): boolean {
    const real = Object.entries(faults).filter((f): f is [string, string] => f[1] !== undefined);
    this.#faults = Object.fromEntries(real);
    this.sent += 1;
    return real.length === 0;
  }
  /** Faults that the service found, by the names of its fields. */
  take(problem: Problem | null, words: Record<string, string>): void {
    const named = (problem?.fields ?? []).map((f) => f.pointer.split('/').filter(Boolean)[0] ?? '');
    const known = named.filter((n) => n in words);
    if (known.length > 0) this.set(Object.fromEntries(known.map((n) => [n, words[n]])));
  }
}
