import type { Case, DecisionKind, Session } from './types.ts';

/** A decision in the making. */
export interface Draft {
  kind: DecisionKind | null;
  reasons: string[];
  document: boolean;
  video: boolean;
  note: string;
}

/** The reasons one may give for a decision, those first for which the case is here; accepting and coercion have none. */
export function allowed(record: Case, kind: DecisionKind | null): string[] {
  const { refuse, retake, escalate } = record.choices;
  const all = kind === 'refuse' ? refuse : kind === 'retake' ? retake.map((c) => c.code) : kind === 'escalate' ? escalate : [];
  const here = new Set(record.machine?.reasons.map((r) => r.code));
  return [...all.filter((code) => here.has(code)), ...all.filter((code) => !here.has(code))];
}

/** Begins a decision. For a retake what the machine missed is ticked: it is what the applicant must do better. A refusal
    and a hand-over begin with nothing: their reasons are the reviewer's own. */
export function decisionOf(record: Case, kind: DecisionKind, note: string): Draft {
  const machine = record.machine?.reasons.map((r) => r.code) ?? [];
  const reasons = kind === 'retake' ? record.choices.retake.map((c) => c.code).filter((code) => machine.includes(code)) : [];
  const part = (wanted: string): boolean => kind === 'retake' && record.choices.retake.some((c) => c.part === wanted && reasons.includes(c.code));
  return { kind, reasons, document: part('document'), video: part('video'), note };
}

/** What is missing before it can be sent. */
export function problemOf(draft: Draft): 'reason' | 'part' | null {
  if (draft.kind === null || draft.kind === 'accept' || draft.kind === 'coercion') return null;
  if (draft.reasons.length === 0) return 'reason';
  return draft.kind === 'retake' && !draft.document && !draft.video ? 'part' : null;
}

/** Whether a second person will be asked, to tell the reviewer beforehand; the service decides it. */
export function needsSecond(record: Case, kind: DecisionKind, settings: NonNullable<Session['settings']>): boolean {
  if (kind === 'refuse') return settings.two_person_refusal;
  const machine = record.machine;
  const overridden = !machine || machine.outcome === 'refuse' || machine.checks.length === 0 || machine.checks.some((c) => c.status === 'failed');
  return kind === 'accept' && settings.two_person_override && overridden;
}
