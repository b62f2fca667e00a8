// Which screen comes when. Pure, so that it can be tested without a browser.

import type { Case, DocumentType } from '@idproof/shared/api/types.ts';

export const SCREENS = {
  start: 0,
  without: 0,
  email: 1,
  emailCode: 1,
  phone: 1,
  phoneCode: 1,
  type: 2,
  names: 2,
  birth: 2,
  number: 2,
  recap: 2,
  device: 3,
  document: 3,
  videoIntro: 4,
  video: 4,
  review: 4,
  follow: 5,
  appeal: 5,
  letter: 5,
  activation: 5,
  done: 5,
} as const satisfies Record<string, number>;

/** Screens beside the way: they can be opened from anywhere. */
export const ASIDE = ['help', 'adapt', 'manage', 'handover', 'arrive', 'problem', 'finished'] as const;

export type OnTheWay = keyof typeof SCREENS;
export type Screen = OnTheWay | (typeof ASIDE)[number];

const ORDER = Object.keys(SCREENS) as OnTheWay[];

export function isAside(screen: Screen): boolean {
  return (ASIDE as readonly string[]).includes(screen);
}

/** Which step of the rail the screen belongs to. */
export function stepOf(screen: Screen): number | undefined {
  return screen in SCREENS ? SCREENS[screen as OnTheWay] : undefined;
}

export interface Asked {
  email: boolean;
  phone: boolean;
}

export function isCollecting(record: Case): boolean {
  return ['created', 'contact_confirmed', 'identity_declared', 'document_uploaded', 'video_uploaded'].includes(
    record.state,
  );
}

export function missingSides(record: Case, type: DocumentType | undefined): ('front' | 'back')[] {
  const has = (side: string): boolean =>
    record.uploads.some((u) => u.kind === `document_${side}` && u.state === 'complete');
  return (type?.sides ?? ['front']).filter((side) => !has(side));
}

/** Where the applicant stands: the first screen whose question is not answered yet. */
export function home(record: Case | null, asked: Asked): OnTheWay {
  if (!record) return 'start';
  switch (record.state) {
    case 'created':
    case 'contact_confirmed':
    case 'identity_declared':
    case 'document_uploaded':
    case 'video_uploaded':
      return collecting(record, asked);
    case 'letter_sent':
      return 'follow';
    case 'letter_opened':
      return 'activation';
    case 'activated':
      return 'done';
    default:
      return 'follow';
  }
}

function collecting(record: Case, asked: Asked): OnTheWay {
  if (!record.consent) return 'start';
  if (asked.email && !record.email?.confirmed) return record.email ? 'emailCode' : 'email';
  if (asked.phone && !record.phone?.confirmed) return record.phone ? 'phoneCode' : 'phone';
  if (!record.identity) return 'type';
  switch (record.state) {
    case 'document_uploaded':
      return 'videoIntro';
    case 'video_uploaded':
      return 'review';
    default:
      return 'device';
  }
}

/** A screen may be shown if the way has come that far, and no farther back than makes sense. */
export function reachable(screen: Screen, record: Case | null, asked: Asked): boolean {
  if (isAside(screen)) return true;
  const here = home(record, asked);
  if (record && !isCollecting(record)) return SCREENS[screen as OnTheWay] === 5;
  if (screen === 'start' || screen === 'without') return !record || here === 'start';
  // The identity is asked on several screens; only its confirmation reaches the service.
  if (here === 'type' && SCREENS[screen as OnTheWay] === 2) return true;
  if (here === 'device' && screen === 'document') return true;
  if (here === 'videoIntro' && (screen === 'video' || screen === 'review')) return true;
  return ORDER.indexOf(screen as OnTheWay) <= ORDER.indexOf(here);
}

/** Reason codes of the service, grouped to what an applicant can do about them. */
export const CAUSES = {
  video_unusable: 'video_poor',
  expiry_unknown: 'document_unreadable',
  birth_date_unknown: 'document_unreadable',
  portrait_not_found: 'portrait',
  portrait_too_small: 'portrait',
  document_not_accepted: 'document_other',
  document_kind_differs: 'document_other',
  layout_differs: 'document_other',
  print_differs: 'document_other',
  permit_too_short: 'document_other',
  document_expired: 'document_expired',
  underage: 'underage',
  sides_differ: 'sides',
  identity_differs: 'identity',
  video_too_short: 'video_poor',
  video_timing_irregular: 'video_poor',
  container_contradicts: 'video_poor',
  no_sound: 'no_sound',
  nothing_said: 'no_sound',
  no_face: 'face_view',
  face_not_throughout: 'face_view',
  face_too_small: 'face_view',
  face_covered: 'face_view',
  lips_not_seen: 'face_view',
  face_too_dark: 'face_view',
  several_faces: 'several',
  face_mismatch: 'face_match',
  face_uncertain: 'face_match',
  presentation_attack_likely: 'live',
  liveness_uncertain: 'live',
  face_does_not_move: 'live',
  motion_uncertain: 'live',
  screen_likely: 'live',
  light_beats: 'live',
  bars_round_face: 'live',
  skin_colourless: 'live',
  pulse_not_seen: 'live',
  head_not_moved: 'live',
  digits_differ: 'digits',
  digits_uncertain: 'digits',
  lips_uncertain: 'digits',
} as const;

export type Cause = (typeof CAUSES)[keyof typeof CAUSES] | 'other';

/** What the table leaves out, by how its code begins. */
function cause(reason: string): Cause {
  const named: Cause | undefined = CAUSES[reason as keyof typeof CAUSES];
  if (named) return named;
  if (/^(document|mrz|print|permit)_/.test(reason)) return 'document_unreadable';
  return /^(seal|screen|copy|specimen|seen|edit|swap)_/.test(reason) ? 'document_other' : 'other';
}

/** Each cause once, in the order of the reasons. */
export function causes(reasons: string[]): Cause[] {
  const found = reasons.map(cause);
  const named = found.filter((c) => c !== 'other');
  return [...new Set(named.length > 0 ? named : found)];
}
