// What the service says and hears. Written by hand after the contract until the service's own
// description exists; then these names are taken from the generated file, and nothing else changes.

export type Language = 'fr' | 'en';

export type CaseState =
  | 'created'
  | 'contact_confirmed'
  | 'identity_declared'
  | 'document_uploaded'
  | 'video_uploaded'
  | 'submitted'
  | 'processing'
  | 'in_review'
  | 'retake_asked'
  | 'accepted'
  | 'refused'
  | 'letter_sent'
  | 'letter_opened'
  | 'activated'
  | 'suspended'
  | 'withdrawn'
  | 'expired'
  | 'deleted';

export interface Contact {
  masked: string;
  confirmed: boolean;
}

export type Sex = 'F' | 'M' | 'X';

export interface Identity {
  document_type: string;
  birth_name: string;
  usage_name?: string | null;
  first_names: string[];
  sex: Sex;
  birth_date: string;
  birth_place: string;
  birth_country: string;
  nationality: string;
  document_number: string;
}

export type UploadKind = 'document_front' | 'document_back' | 'selfie_video';

export interface Upload {
  id: string;
  kind: UploadKind;
  state: 'receiving' | 'complete' | 'discarded';
  received: { n: number; size: number }[];
  size: number;
}

export interface Case {
  id: string;
  number: string;
  state: CaseState;
  language: Language;
  attempt: number;
  consent: { version: string; biometrics: boolean } | null;
  email: Contact | null;
  phone: Contact | null;
  identity: Identity | null;
  uploads: { id: string; kind: UploadKind; state: Upload['state'] }[];
}

export interface OpenedCase {
  case: Case;
  token: string;
}

export interface Status {
  state: CaseState;
  number: string;
  queue_position?: number | null;
  letter_due_at?: string | null;
  media_due_at?: string | null;
  next: { code: string };
  /** What the applicant may do now beside what is next. */
  can: ('withdraw' | 'appeal' | 'suspend' | 'reactivate' | 'delete')[];
  /** Why it was refused. */
  reasons: string[];
  appealed: boolean;
  retake?: { reasons: string[]; document: boolean; video: boolean } | null;
}

export interface TimelineEntry {
  at: string;
  kind: string;
  label: Record<Language, string>;
}

export interface DocumentType {
  code: string;
  label: Record<Language, string>;
  sides: ('front' | 'back')[];
  shape: 'card' | 'booklet';
  file_upload: boolean;
}

export interface Quality {
  /** Pixels a millimetre. */
  resolution_min: number;
  blur_max: number;
  glare_max: number;
  dark_end_max: number;
  light_end_min: number;
}

export type HeadDirection = 'left' | 'right' | 'up';

export type Step = { after_ms: number; for_ms?: number } & (
  | { kind: 'digit'; digit: number }
  | { kind: 'head'; direction: HeadDirection }
  | { kind: 'document' }
);

export interface Challenge {
  id: string;
  token: string;
  language: Language;
  steps: Step[];
  expires_at: string;
}

/** What the applicant asked to be spared; every one leads to a person, none to a refusal. */
export type Adaptation = 'no_speech' | 'sign' | 'no_head' | 'more_time';

export interface Letter {
  state: 'deposited' | 'notified' | 'accepted' | 'refused' | 'unclaimed';
  deposited_at: string;
  accept_until: string;
  provider: string;
  /** Whether it is opened here; otherwise it comes on paper. */
  electronic: boolean;
}

export interface OpenedLetter extends Letter {
  sender: string;
  /** Until it was entered. */
  activation_code: string | null;
}

export interface Handover {
  id: string;
  url: string;
  code_number: string;
  expires_at: string;
}

export interface Service {
  name: string;
  consent_version: string;
  support: { phone?: string | null; email?: string | null; hours?: string | null };
  contacts: { email: boolean; phone: boolean };
  /** Whether a case may be opened here, or only by an organisation. */
  open: boolean;
  retention_hours: { media: number; abandoned: number };
}

export interface ProblemBody {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  errors?: { pointer: string; code: string; detail?: string }[];
  remaining?: number;
  until?: string;
}
