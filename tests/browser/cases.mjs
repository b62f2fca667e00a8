// Cases of the mock service, opened where a test needs them.

import { call } from './harness.mjs';

export const IDENTITY = {
  document_type: 'fr_card',
  birth_name: 'MARCHEVENT',
  usage_name: null,
  first_names: ['Alix', 'Anne-Marie'],
  sex: 'X',
  birth_date: '1970-01-10',
  birth_place: 'Châteauneuf-du-Pape',
  birth_country: 'FRA',
  nationality: 'FRA',
  document_number: 'SPC00K7M0',
};
const CONSENT = { consent: { version: '2026-11', biometrics: true } };
const CONTACTS = { email: 'alix.marchevent@exemple.fr', phone: '+33612345678' };
const PAST = ['email_confirmed', 'phone_confirmed', 'identity_declared', 'document_uploaded', 'video_uploaded', 'submitted', 'processing_started'];
const LETTER = {
  state: 'notified',
  deposited_at: '2026-11-20T09:12:00Z',
  accept_until: '2026-12-06T22:59:59Z',
  provider: 'Lettre recommandée électronique',
  electronic: true,
};

const whole = { ...CONSENT, identity: IDENTITY, submitted: true };
const full = (state, steps = [], fields = {}) => ({
  contacts: CONTACTS,
  sides: ['front', 'back'],
  steps: [...PAST, ...steps],
  fields: { ...whole, state, ...fields },
});

export const AT = {
  email: { fields: CONSENT },
  phone: { fields: CONSENT, contacts: { email: CONTACTS.email } },
  type: { fields: { ...CONSENT, state: 'contact_confirmed' }, contacts: CONTACTS },
  document: { fields: { ...CONSENT, identity: IDENTITY, state: 'identity_declared' }, contacts: CONTACTS },
  passport: { fields: { ...CONSENT, identity: { ...IDENTITY, document_type: 'fr_passport' }, state: 'identity_declared' }, contacts: CONTACTS },
  video: { fields: { ...CONSENT, identity: IDENTITY, state: 'document_uploaded' }, contacts: CONTACTS, sides: ['front', 'back'] },
  review: { fields: { ...CONSENT, identity: IDENTITY, state: 'video_uploaded' }, contacts: CONTACTS, sides: ['front', 'back'] },
  submitted: full('submitted'),
  in_review: full('in_review', ['sent_to_review']),
  retake: full('retake_asked', ['retake_asked'], {
    retake: { reasons: ['mrz_uncertain', 'portrait_too_small', 'no_sound'], document: true, video: true },
  }),
  refused: full('refused', ['refused'], { reasons: ['face_mismatch', 'digits_differ'] }),
  accepted: full('accepted', ['accepted']),
  letter_sent: full('letter_sent', ['accepted', 'letter_sent'], { letter: LETTER }),
  letter_opened: full('letter_opened', ['accepted', 'letter_sent', 'letter_opened'], { letter: { ...LETTER, state: 'accepted', code: '482915' } }),
  activated: full('activated', ['accepted', 'letter_sent', 'letter_opened', 'activated'], { letter: { ...LETTER, state: 'accepted', code: '482915' } }),
  suspended: full('suspended', ['accepted', 'letter_sent', 'letter_opened', 'activated', 'suspended']),
  withdrawn: full('withdrawn', ['withdrawn']),
  expired: full('expired', ['expired']),
};

/** Opens a case at a place of the way; gives its token. */
export async function caseAt(place, language = 'fr') {
  return (await call('POST', '/__mock/case', { language, ...AT[place] })).token;
}
