// The policy endpoints as the operators' pages read them.
import { query } from '../lib/client.ts';
import { me } from '../lib/session.svelte.ts';
import type { Rate } from '../lib/types.ts';

export interface Who {
  id: string;
  display_name: string;
}
export type RateName = 'fmr' | 'fnmr' | 'apcer' | 'bpcer';
export interface Support {
  verdict: 'supported' | 'unsupported';
  reasons: string[];
  errors: number;
  of: number;
  rate: number | null;
  low: number | null;
  high: number | null;
}
export interface Claim {
  set: string;
  set_name: string;
  rate: RateName;
  at_most: number;
  threshold: string;
  value: number;
  support: Support;
}
export interface Version {
  id: string;
  name: string;
  sha256: string;
  organisation: string | null;
  state: 'drafted' | 'scheduled' | 'active' | 'superseded' | 'withdrawn';
  ends_override: boolean;
  reason: string;
  author: Who;
  created_at: string;
  approved_by: Who | null;
  approved_at: string | null;
  starts_at: string | null;
  withdrawn_by: Who | null;
  withdrawn_at: string | null;
  withdrawn_reason: string | null;
  rolls_back_to: string | null;
  shadow: boolean;
  shadow_since: string | null;
  claims: Claim[];
  may_approve: boolean;
  why_not: null | 'same_person' | 'policy_state' | 'claim_unsupported' | 'role_missing';
  /** Differences from what is in force; of drafted and scheduled ones. */
  changes: number | null;
  /** Checks of the program that the text lacks: no case is judged by it. */
  missing: string[];
}
export interface InForce {
  organisation: string | null;
  version: string | null;
  name: string;
  since: string | null;
}
export interface Policies {
  configured: { name: string; sha256: string; text: string };
  organisations: { id: string; name: string }[];
  in_force: InForce[];
  items: Version[];
}
export interface Both {
  fr: string;
  en: string;
}
export interface DiffItem {
  key: string;
  from: string | null;
  to: string | null;
  unit: string | null;
  meaning: Both | null;
  check: string | null;
  looser: boolean | null;
}
export interface Diff {
  from: { id: string; name: string };
  to: { id: string | null; name: string };
  items: DiffItem[];
}
/** `configured` gives its text alone. */
export type VersionText = { text: string; completed: string | null; diff: Diff | null } & { [K in keyof Version]: Version[K] | null };

export interface Bin {
  from: number;
  to: number;
  accept: number;
  refuse: number;
  review: number;
  retake: number;
}
export type Side = 'accept_from' | 'accept_to' | 'refuse_below' | 'refuse_above' | 'limit_below' | 'limit_above';
export interface Threshold {
  key: string;
  check: string;
  unit: string;
  min: number;
  max: number;
  default: number;
  value: number;
  meaning: Both;
  side: Side;
  higher_is_better: boolean;
  partner: string | null;
  role: 'required' | 'advisory';
  on_fail: 'refuse' | 'review';
  histogram: { low: number; high: number; bins: Bin[]; n: number; missing: number; below: number; above: number };
  quantiles: { p05: number; p50: number; p95: number } | null;
}
export interface Catalogue {
  organisation: string | null;
  since: string;
  cases: number;
  policy: { id: string; name: string };
  items: Threshold[];
}
export interface Checked {
  name: string;
  sha256: string;
  diff: Diff;
  name_taken: boolean;
}

export type Outcome = 'accept' | 'review' | 'refuse' | 'retake';
export const OUTCOMES: readonly Outcome[] = ['accept', 'review', 'refuse', 'retake'];
export type Shares = Record<Outcome, Rate>;
export interface Ratio {
  name: RateName;
  errors: number;
  of: number;
  rate: number | null;
  low: number | null;
  high: number | null;
  few: boolean;
}
export interface Point {
  threshold: number;
  false_accept: Ratio;
  false_reject: Ratio;
  false_refuse: Ratio | null;
  species: { name: string; false_accept: Ratio }[];
}
export interface Gap {
  worst: string;
  best: string;
  ratio: number | null;
  distinguishable: boolean;
}
export interface Measured {
  set: string;
  name: string;
  check: string;
  kind: 'comparison' | 'presentation_attack';
  accept: { key: string; before: number; after: number };
  refuse: { key: string; before: number; after: number } | null;
  higher_is_better: boolean;
  before: Point;
  after: Point;
  det: { threshold: number; false_accept: number; false_reject: number }[];
  floor: { false_accept: number; false_reject: number };
  groups: { group: string; after: Point }[];
  group_gap: { false_accept: Gap | null; false_reject: Gap | null };
  notes: string[];
}
export interface Flip {
  case: string;
  attempt: number;
  at: string;
  from: Outcome;
  to: Outcome;
  by: { check: string; from: string; to: string }[];
}
export interface Replayed {
  name: string;
  against: { id: string; name: string };
  cases: number;
  without_scores: number;
  unreadable: number;
  since: string | null;
  until: string | null;
  took_ms: number;
  before: Shares;
  after: Shares;
  recorded: Record<Outcome, number>;
  changed: number;
  checks: { check: string; before: Record<string, number>; after: Record<string, number>; moves: { from: string; to: string; cases: number }[] }[];
  cases_that_change: Flip[];
  cases_that_change_left_out: number;
  per_day: { before: number; after: number };
  labelled: Measured[];
  diff: Diff;
}
export interface Agreement {
  version: { id: string; name: string };
  since: string;
  cases: number;
  same: number;
  table: { active: Outcome; shadow: Outcome; cases: number; examples?: string[] }[];
  agreement: Rate;
}
export interface Drift {
  recent: { from: string; to: string; cases: number };
  reference: { from: string; to: string; cases: number };
  items: {
    check: string;
    recent: number;
    reference: number;
    missing_recent: number;
    missing_reference: number;
    psi: number | null;
    ks: number | null;
    p: number | null;
    state: 'steady' | 'watch' | 'alarm' | 'too_few';
    bins: { to: number | null; recent: number; reference: number }[];
  }[];
}
export interface LabelledSet {
  id: string;
  name: string;
  check: string;
  kind: 'comparison' | 'presentation_attack';
  items: number;
  genuine: number;
  impostor: number;
  groups: string[];
  species: string[];
  sha256: string;
  added_by: Who;
  added_at: string;
}
export interface Draft {
  text: string;
  reason: string;
  organisation: string | null;
  starts_at: string | null;
  claims: { set: string; rate: RateName; at_most: number }[];
}

/** Names that a new version may not have. */
export const names = (all: Policies | null): string[] => (all ? [all.configured.name, ...all.items.map((one) => one.name)] : []);

const { api } = me;
const scope = (organisation: string | null, more: Record<string, string> = {}): string => query({ organisation: organisation ?? '', ...more });

export const policies = (organisation: string | null = null): Promise<Policies> => api.ask('GET', `/policies?${scope(organisation)}`);
export const version = (id: string): Promise<VersionText> => api.ask('GET', `/policies/${id}`);
export const check = (text: string, organisation: string | null): Promise<Checked> => api.ask('POST', '/policies/check', { text, ...(organisation && { organisation }) });
export const propose = (draft: Draft): Promise<Version> => api.ask('POST', '/policies', draft);
export const rollBack = (to: string, name: string, reason: string, organisation: string | null): Promise<Version> => api.ask('POST', '/policies', { roll_back_to: to, name, reason, organisation });
export const endOverride = (name: string, reason: string, organisation: string): Promise<Version> => api.ask('POST', '/policies', { end_override: true, name, reason, organisation });
export const approve = (id: string, sha256: string): Promise<Version> => api.ask('POST', `/policies/${id}/approve`, { sha256 });
export const withdraw = (id: string, reason: string): Promise<Version> => api.ask('POST', `/policies/${id}/withdraw`, { reason });
export const shadow = (id: string, on: boolean): Promise<Version> => api.ask('POST', `/policies/${id}/shadow`, { on });
export const catalogue = (organisation: string | null, days: number): Promise<Catalogue> => api.ask('GET', `/policies/thresholds?${scope(organisation, { days: String(days) })}`);
export const replay = (what: { text: string } | { version: string }, organisation: string | null, cases: number, labelled?: string[]): Promise<Replayed> =>
  api.ask('POST', '/policies/replay', { ...what, organisation, cases, ...(labelled && { labelled }) });
export const agreement = (id: string, days: number): Promise<Agreement> => api.ask('GET', `/policies/${id}/agreement?days=${days}`);
/** What changes from one version to another; `configured` is one too. */
export const between = (from: string, to: string): Promise<Diff> => api.ask('GET', `/policies/${to}/diff?${query({ against: from })}`);
export const drift = (organisation: string | null): Promise<Drift> => api.ask('GET', `/policies/drift?${scope(organisation)}`);
export const labelled = async (): Promise<LabelledSet[]> => (await api.ask<{ items: LabelledSet[] }>('GET', '/policies/labelled')).items;
export const addLabelled = (scores: unknown): Promise<LabelledSet> => api.ask('POST', '/policies/labelled', scores);
export const dropLabelled = (id: string): Promise<void> => api.tell('DELETE', `/policies/labelled/${id}`);
