import { Problem } from '@idproof/shared/api/problem.ts';
import { numberIn } from './numbers.ts';
import { catalogue, check, type Catalogue, type Checked, type RateName, type Threshold } from './policy.ts';
import { nextName, read, write, type CheckRule, type PolicyText } from './toml.ts';

export interface Wrong {
  key: string;
  code: 'out_of_range' | 'bands_overlap' | 'not_a_number';
}
export interface ClaimDraft {
  set: string;
  rate: RateName;
  at_most: string;
}
const SOON_MS = 350;

/** The policy somebody is at work on. It stays while one looks at the other pages, and goes with the session. */
class Draft {
  base = $state.raw<{ id: string; name: string } | null>(null);
  organisation = $state.raw<string | null>(null);
  text = $state.raw('');
  reason = $state('');
  planned = $state(false);
  at = $state('');
  claims = $state<ClaimDraft[]>([]);
  days = $state('30');
  catalogue = $state.raw<Catalogue | null>(null);
  /** What was typed where it is no number. */
  typed = $state<Record<string, string>>({});
  checked = $state.raw<Checked | null>(null);
  problem = $state.raw<Problem | null>(null);
  checking = $state.raw(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  readonly policy = $derived<PolicyText | null>(read(this.text));
  readonly thresholds = $derived<Threshold[]>(this.catalogue?.items ?? []);

  begin(base: { id: string; name: string; text: string }, organisation: string | null, taken: readonly string[]): void {
    this.base = { id: base.id, name: base.name };
    this.organisation = organisation;
    this.typed = {};
    this.claims = [];
    this.reason = '';
    this.planned = false;
    const policy = read(base.text);
    this.put(policy ? write(base.text, { ...policy, version: nextName(policy.version, taken) }) : base.text);
  }
  /** Everything is given up. */
  clear(): void {
    clearTimeout(this.#timer);
    this.base = null;
    this.text = '';
    this.catalogue = null;
    this.checked = null;
    this.problem = null;
  }
  async load(): Promise<void> {
    this.catalogue = await catalogue(this.organisation, Number(this.days));
  }

  /** Another text; the service is asked about it soon. */
  put(text: string): void {
    this.text = text;
    this.checking = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.check(), SOON_MS);
  }
  async check(): Promise<void> {
    const mine = (this.#asked += 1);
    try {
      const found = await check(this.text, this.organisation);
      if (mine !== this.#asked) return;
      this.checked = found;
      this.problem = null;
    } catch (cause) {
      if (mine !== this.#asked) return;
      this.checked = null;
      this.problem = cause instanceof Problem ? cause : new Problem(-1, { code: 'page' });
    }
    this.checking = false;
  }

  valueOf(one: Threshold): number {
    return this.policy?.thresholds[one.key] ?? one.default;
  }
  rename(name: string): void {
    if (this.policy) this.put(write(this.text, { ...this.policy, version: name }));
  }
  set(one: Threshold, typed: string): void {
    const value = numberIn(typed);
    if (value === null || !this.policy) {
      this.typed[one.key] = typed;
      return;
    }
    delete this.typed[one.key];
    if (value !== this.valueOf(one)) this.put(write(this.text, { ...this.policy, thresholds: { ...this.policy.thresholds, [one.key]: value } }));
  }
  rule(check: string, change: Partial<CheckRule>): void {
    const now = this.policy?.checks[check];
    if (this.policy && now) this.put(write(this.text, { ...this.policy, checks: { ...this.policy.checks, [check]: { ...now, ...change } } }));
  }

  /** What is wrong with a threshold, before the service is asked. */
  wrong(one: Threshold): Wrong['code'] | null {
    if (one.key in this.typed) return 'not_a_number';
    const value = this.valueOf(one);
    if (value < one.min || value > one.max) return 'out_of_range';
    const other = this.thresholds.find((t) => t.key === one.partner);
    if (!other || !/^(accept|refuse)/.test(other.side) || !/^(accept|refuse)/.test(one.side)) return null;
    const [accept, refuse] = one.side.startsWith('accept') ? [value, this.valueOf(other)] : [this.valueOf(other), value];
    return (one.higher_is_better ? accept < refuse : accept >= refuse) ? 'bands_overlap' : null;
  }
  readonly wrongs = $derived<Wrong[]>(
    this.thresholds.flatMap((one) => {
      const code = this.wrong(one);
      return code ? [{ key: one.key, code }] : [];
    }),
  );
}

export const draft = new Draft();
