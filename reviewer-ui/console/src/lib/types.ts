// The console's own interface (`api/http`, under `/console/api`), as this page reads it.

export type Role = 'reviewer' | 'senior' | 'operator' | 'auditor' | 'administrator';
export const ROLES: readonly Role[] = ['reviewer', 'senior', 'operator', 'auditor', 'administrator'];

export interface Session {
  stage: 'totp' | 'enrol' | 'ready';
  csrf: string;
  staff: null | { id: string; name: string; display_name: string; roles: Role[]; language: 'fr' | 'en' | null };
  idle_until: string;
  expires_at: string;
  settings: null | {
    blind_first: boolean;
    two_person_refusal: boolean;
    two_person_override: boolean;
    undo_s: number;
    lease_s: number;
    mode: 'borderline' | 'every-case';
    /** Demo mode: what is sent stays here and can be read. */
    outbox?: boolean;
  };
}
export interface Options {
  oidc: boolean;
  oidc_name: string | null;
  language: 'fr' | 'en';
}
export interface SessionEntry {
  id: string;
  current: boolean;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  via: 'local' | 'oidc';
  agent: string;
}

export interface Holder {
  id: string;
  display_name: string;
  until: string;
  me: boolean;
}
export interface QueueItem {
  id: string;
  number: string;
  language: 'fr' | 'en';
  due_at: string | null;
  overdue: boolean;
  waiting_since: string;
  attempt: number;
  document_type: string | null;
  appealed: boolean;
  reasons: string[];
  escalated: boolean;
  second: boolean;
  holder: Holder | null;
  can_take: boolean;
}
export interface Counts {
  waiting: number;
  held: number;
  mine: number;
  second: number;
  escalated: number;
  overdue: number;
  oldest_since: string | null;
  holders: { id: string; display_name: string; cases: number; until: string }[];
}
export interface QueuePage {
  items: QueueItem[];
  next_cursor: string | null;
  counts: Counts;
}

export interface Field {
  name: string;
  declared: string | null;
  zone: string | null;
  print: string | null;
  agrees: boolean | null;
}
/** Four points, shares of width and height, clockwise from the text's own top left. */
export type Corners = [[number, number], [number, number], [number, number], [number, number]];
export interface ShownDocument {
  side: 'front' | 'back';
  found: 'outline' | 'zone' | 'none';
  /** In the picture as it came; everything else lies in the straightened one. */
  outline: Corners | null;
  zone: { text: string; corners: Corners }[];
  fields: { name: string; text: string; corners: Corners; agrees: boolean | null; differs_at: number[] }[];
  portrait: Corners | null;
}
export interface Media {
  id: string;
  kind: string;
  content_type: string;
  size: number;
  at_ms: number | null;
  url: string;
  viewed: boolean;
}
export interface Fact {
  name: string;
  value: string | number | boolean | null;
}
export interface Track {
  name: string;
  unit: string;
  points: [number, number][];
}
export interface Video {
  media: string;
  seconds: number | null;
  width: number | null;
  height: number | null;
  has_sound: boolean | null;
  asked: { digit: string; at_ms: number }[];
  heard: null | { digit: string; start_ms: number; end_ms: number; confidence: number }[];
  tracks: null | Track[];
  /** Mouth and voice compared; null where they could not be. */
  lips?: null | { score: number; lag_ms: number; seconds: number };
  /** Moves that were asked for. */
  moves?: { kind: 'head' | 'document'; direction: null | 'left' | 'right' | 'up'; at_ms: number }[];
  facts: Fact[];
}
export interface CheckScale {
  unit: string;
  accept: number;
  refuse: number | null;
  higher_is_better: boolean;
  low: number;
  high: number;
}
export interface Check {
  name: string;
  status: 'passed' | 'failed' | 'borderline' | 'unavailable';
  score: number | null;
  threshold: number | null;
  detail: string;
  scale: null | CheckScale;
}
export interface Machine {
  decision_id: string;
  outcome: 'accept' | 'review' | 'refuse' | 'retake';
  at: string;
  policy_version: string;
  policy_sha256: string;
  reasons: { code: string; check: string | null; detail: string; meaning: string }[];
  checks: Check[];
  models: { name: string; version: string; sha256: string }[];
}
export type FaceJudgement = 'same' | 'different' | 'unsure';
export interface Case {
  id: string;
  number: string;
  language: 'fr' | 'en';
  state: string;
  attempt: number;
  appealed: boolean;
  appeal: string | null;
  due_at: string | null;
  waiting_since: string;
  held_until: string | null;
  escalation: null | { by: string; at: string; reasons: string[]; note: string | null; disputed: boolean };
  watermark: string;
  adaptations: string[];
  biometrics: boolean;
  document_type: string | null;
  identity: Field[];
  /** Where zone and fields lie on the straightened pictures; null where nothing was kept, or not before one's own judgement. */
  documents?: null | ShownDocument[];
  media: Media[];
  pictures: Media[];
  video: Video | null;
  capture: Fact[];
  blind: boolean;
  judgement: null | { face: FaceJudgement; confidence: number; at: string };
  machine: Machine | null;
  earlier: { attempt: number; outcome: string; by: 'machine' | 'person'; at: string; reasons: string[] }[];
  events: { at: string; kind: string; actor: string }[];
  similar: { id: string; number: string; state: string; why: string }[];
  choices: { refuse: string[]; retake: { code: string; part: 'document' | 'video' }[]; escalate: string[] };
  media_due_at: string | null;
  media_purged: boolean;
}

export type DecisionKind = 'accept' | 'refuse' | 'retake' | 'escalate' | 'coercion';
export interface Decision {
  kind: DecisionKind;
  reasons: string[];
  document: boolean;
  video: boolean;
  note: string | null;
}
export interface Decided {
  id: string;
  undo_until: string;
  needs_second: boolean;
}
export interface Preview {
  language: 'fr' | 'en';
  messages: { channel: string; subject: string; text: string }[];
  page: string[];
}
export interface OwnDecision {
  id: string;
  case: string;
  number: string;
  kind: DecisionKind;
  at: string;
  state: 'undoable' | 'second' | 'effective' | 'undone' | 'voided' | 'disputed';
  undo_until: string;
}
export type LeaveReason = 'unsure' | 'conflict_of_interest' | 'technical' | 'break';

export interface Rate {
  count: number;
  of: number;
  low: number | null;
  high: number | null;
}
export interface ReviewerStatistics {
  id: string;
  display_name: string;
  decisions: Record<DecisionKind, number>;
  skips: number;
  undone: number;
  median_s: number | null;
  agreement: Rate;
  known_false_accept: Rate;
  known_false_refuse: Rate;
  face_vs_final: Rate;
}
export interface KnownCase {
  case: string;
  number: string;
  expected: 'accept' | 'refuse';
  answers: number;
  right: number;
}
export interface ClosedCase {
  id: string;
  number: string;
  state: string;
  attempt: number;
  created_at: string;
  processed_at: string | null;
  media_purged_at: string | null;
  outcome: string | null;
}
export interface AuditEntry {
  seq: number;
  at: string;
  case: string | null;
  kind: string;
  actor: { type: string; id: string | null; display_name: string | null };
  data: unknown;
}
export interface Staff {
  id: string;
  name: string;
  display_name: string;
  roles: Role[];
  disabled: boolean;
  locked_until: string | null;
  totp: boolean;
  recovery_codes_left: number;
  oidc_subject: string | null;
  created_at: string;
  last_sign_in_at: string | null;
}
