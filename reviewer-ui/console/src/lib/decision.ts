import type { Case, DecisionKind } from './types.ts';

/** A decision in the making. */
export interface Draft {
  kind: DecisionKind | null;
  reasons: string[];
  document: boolean;
  video: boolean;
  note: string;
}

/** The reasons one may give for a decision; accepting and coercion have none. */
export function allowed(record: Case, kind: DecisionKind | null): string[] {
  if (kind === 'refuse') return record.choices.refuse;
  if (kind === 'retake') return record.choices.retake.map((c) => c.code);
  return kind === 'escalate' ? record.choices.escalate : [];
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
