// The text of a policy is what is proposed, approved and hashed: read it, and change values in it where they stand, so that
// comments and calibrations stay as they are.
import { parse, stringify } from 'smol-toml';

export type CheckRule = { role: 'required' | 'advisory'; on_fail: 'refuse' | 'review' };
export interface PolicyText {
  version: string;
  checks: Record<string, CheckRule>;
  /** Those that are named; the others have the service's defaults. */
  thresholds: Record<string, number>;
}

/** What the text says; null where it is no policy at all. The service judges the rest. */
export function read(text: string): PolicyText | null {
  try {
    const raw = parse(text) as { version?: unknown; checks?: unknown; thresholds?: unknown };
    const table = (value: unknown): Record<string, unknown> => (value && typeof value === 'object' ? { ...(value as object) } : {});
    return {
      version: typeof raw.version === 'string' ? raw.version : '',
      checks: Object.fromEntries(Object.entries(table(raw.checks)).map(([name, rule]) => [name, { ...(rule as CheckRule) }])),
      thresholds: Object.fromEntries(Object.entries(table(raw.thresholds)).filter((entry): entry is [string, number] => typeof entry[1] === 'number')),
    };
  } catch {
    return null;
  }
}

/** A number as TOML's floats are written. */
const float = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** The text with this one's values. Where a value does not stand on a line of its own the whole text is written anew. */
export function write(text: string, wanted: PolicyText): string {
  const now = read(text);
  if (!now) return text;
  const lines = text.split('\n');
  let section = '';
  const open: Record<string, string> = {};
  for (const [key, value] of Object.entries(wanted.thresholds)) if (now.thresholds[key] !== value) open[key] = float(value);
  lines.forEach((line, i) => {
    section = /^\[+([\w.]+)\]+\s*(#.*)?$/.exec(line)?.[1] ?? section;
    const found = /^(\w+)(\s*=\s*)([^#]*?)(\s*(?:#.*)?)$/.exec(line);
    if (!found) return;
    const [, key = '', equals = '', , rest = ''] = found;
    if (section === '' && key === 'version') lines[i] = key + equals + JSON.stringify(wanted.version) + rest;
    const rule = wanted.checks[key];
    if (section === 'checks' && rule && changed(now.checks[key], rule)) lines[i] = `${key}${equals}{ role = "${rule.role}", on_fail = "${rule.on_fail}" }${rest}`;
    if (section === 'thresholds' && open[key]) {
      lines[i] = key + equals + open[key] + rest;
      delete open[key];
    }
  });
  // Those that had their default stand nowhere yet.
  const at = lines.findIndex((line) => /^\[thresholds\]/.test(line));
  if (at >= 0) lines.splice(at + 1, 0, ...Object.entries(open).map(([key, value]) => `${key} = ${value}`));
  const made = lines.join('\n');
  return same(read(made), wanted, now) ? made : stringify({ ...(parse(text) as object), version: wanted.version, checks: wanted.checks, thresholds: { ...now.thresholds, ...wanted.thresholds } });
}

const changed = (a: CheckRule | undefined, b: CheckRule): boolean => a?.role !== b.role || a.on_fail !== b.on_fail;
function same(made: PolicyText | null, wanted: PolicyText, before: PolicyText): boolean {
  if (!made || made.version !== wanted.version) return false;
  const thresholds = { ...before.thresholds, ...wanted.thresholds };
  return (
    Object.keys({ ...made.thresholds, ...thresholds }).every((key) => made.thresholds[key] === thresholds[key]) &&
    Object.keys({ ...made.checks, ...wanted.checks }).every((key) => {
      const rule = wanted.checks[key];
      return rule !== undefined && !changed(made.checks[key], rule);
    })
  );
}

/** A name for the next version: the last number of the old one counted on until it is free. */
export function nextName(name: string, taken: readonly string[]): string {
  const found = /^(.*?)(\d+)(\D*)$/.exec(name);
  const next = found ? `${found[1]}${Number(found[2]) + 1}${found[3]}` : `${name}-2`;
  return taken.includes(next) ? nextName(next, taken) : next;
}
