// The console's service in memory: sessions, roles, a queue under leases, judgement, decisions with undo and a second
// person. It follows the same refusals as the real one, so that the pages can be tested without it; nothing is checked
// for real: every second factor is 123456.

import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { boardRoutes, hasOutbox, resetBoards } from './boards.mjs';
import { picture } from './pictures.mjs';
import { policyRoutes, resetPolicies } from './policies.mjs';

const id = (prefix) => prefix + randomBytes(10).toString('hex');
const iso = (ms) => new Date(ms).toISOString();
const HOUR = 3_600_000;
const VIDEO = process.env.MOCK_VIDEO;

class Refusal extends Error {
  constructor(status, code, more = {}) {
    super(code);
    this.status = status;
    this.body = { type: 'about:blank', title: code, status, code, ...more };
  }
}
const refuse = (status, code, more) => {
  throw new Refusal(status, code, more);
};

const RETAKE = { document_unusable: 'document', portrait_not_found: 'document', portrait_too_small: 'document', mrz_not_found: 'document', mrz_uncertain: 'document', video_unusable: 'video', video_too_short: 'video', no_sound: 'video', no_face: 'video', face_not_throughout: 'video', face_too_small: 'video', nothing_said: 'video' };
const REFUSE = ['face_mismatch', 'presentation_attack_likely', 'digits_differ', 'document_expired', 'underage', 'sides_differ', 'identity_differs', 'mrz_check_digit_wrong'];
const ESCALATE = ['face_uncertain', 'liveness_uncertain', 'identity_differs', 'digits_uncertain', 'presentation_attack_likely'];

const SETTINGS = { blind_first: true, two_person_refusal: true, two_person_override: true, undo_s: 30, lease_s: 300, mode: 'borderline' };
let settings = { ...SETTINGS };
let staff, sessions, cases, decisions, audit, known;
let kept = true;

function person(name, display, roles, more = {}) {
  return { id: `usr_${name}`, name, display_name: display, roles, disabled: false, locked_until: null, totp: true, recovery_codes_left: 10, oidc_subject: null, created_at: iso(Date.now() - 900 * HOUR), last_sign_in_at: iso(Date.now() - 20 * HOUR), language: null, wrong: 0, ...more };
}

/** Begins anew. `evil` is put into everything an applicant can write; `plain`: the worker kept nothing but its report. */
function reset({ cases: count = 6, evil = '', plain = false, ...changes } = {}) {
  kept = !plain;
  settings = { ...SETTINGS, ...changes };
  staff = [
    person('ana', 'Ana Duval', ['reviewer']),
    person('bruno', 'Bruno Keller', ['reviewer'], { language: 'fr' }),
    person('claire', 'Claire Oduya', ['senior']),
    person('omar', 'Omar Petit', ['operator'], { recovery_codes_left: 2 }),
    person('olga', 'Olga Marin', ['operator']),
    person('audrey', 'Audrey Lemoine', ['auditor']),
    person('admin', 'Ada Minier', ['administrator']),
    person('fresh', 'Nouvelle Venue', ['reviewer'], { totp: false, recovery_codes_left: 0, last_sign_in_at: null }),
    person('gone', 'Ancien Collègue', ['reviewer'], { disabled: true, locked_until: iso(Date.now() + HOUR) }),
  ];
  resetPolicies(staff, changes);
  resetBoards(changes);
  sessions = new Map();
  decisions = new Map();
  audit = [];
  known = [{ case: 'case_known1', number: '9000-0001-00', expected: 'refuse', answers: 9, right: 8 }];
  cases = new Map();
  for (let i = 0; i < count; i++) addCase(i, evil);
}

function addCase(i, evil) {
  const kinds = [['face_uncertain'], ['mrz_uncertain', 'portrait_too_small'], ['digits_uncertain'], ['liveness_uncertain', 'face_uncertain'], ['identity_differs'], ['person_asked']];
  const c = {
    id: `case_${String(i).padStart(4, '0')}${randomBytes(4).toString('hex')}`,
    number: `4821-${String(1000 + i)}-${String(i % 100).padStart(2, '0')}`,
    language: i % 3 === 2 ? 'en' : 'fr',
    state: 'in_review',
    seed: i * 7 + 3,
    face: i % 5 === 4 ? i * 7 + 6 : i * 7 + 3,
    surname: 'MARCHEVENT',
    document: `SPC00K${100 + i}`,
    reasons: kinds[i % kinds.length],
    due: Date.now() + (i - 1) * 1.7 * HOUR,
    since: Date.now() - (30 - i * 0.4) * HOUR,
    attempt: 1 + (i % 2),
    appealed: i === 3 || evil !== '',
    evil,
    holder: null,
    viewed: new Set(),
    judgements: new Map(),
    by: [],
    escalation: null,
  };
  cases.set(c.id, c);
}

const now = () => Date.now();
function free(c) {
  if (c.holder && c.holder.until < now()) c.holder = null;
  return !c.holder;
}
function note(kind, who, c, data = {}) {
  audit.push({ seq: audit.length + 1, at: iso(now()), case: c?.id ?? null, kind, actor: { type: 'staff', id: who?.id ?? null, display_name: who?.display_name ?? null }, data });
}
const senior = (who) => who.roles.includes('senior');
const decided = (c) => c.by.find((d) => d.state === 'undoable');
/** Whether the case may lie in this person's queue. */
function open(c, who) {
  if (c.state !== 'in_review' || decided(c)) return false;
  if (c.escalation) return senior(who);
  return !c.by.some((d) => d.state === 'second' && d.staff === who.id);
}

function queueItem(c, who) {
  free(c);
  const holder = c.holder && { id: c.holder.staff, display_name: nameOf(c.holder.staff), until: iso(c.holder.until), me: c.holder.staff === who.id };
  const judges = who.roles.some((r) => ['reviewer', 'senior'].includes(r));
  const hidden = settings.blind_first && judges ? c.reasons.filter((r) => !/face|liveness|attack/.test(r)) : c.reasons;
  return { id: c.id, number: c.number, language: c.language, due_at: iso(c.due), overdue: c.due < now(), waiting_since: iso(c.since), attempt: c.attempt, document_type: 'fr_card', appealed: c.appealed, reasons: hidden, escalated: c.escalation !== null, second: !judges && c.by.some((d) => d.state === 'second'), holder, can_take: free(c) && open(c, who) && !who.roles.includes('operator') };
}
const nameOf = (staffId) => staff.find((s) => s.id === staffId)?.display_name ?? '';
const sorted = () => [...cases.values()].sort((a, b) => a.due - b.due);

function countsFor(who) {
  const mine = sorted().filter((c) => open(c, who) || (who.roles.includes('operator') && c.state === 'in_review' && !decided(c)));
  const held = mine.filter((c) => !free(c));
  const holders = [...new Set(held.map((c) => c.holder.staff))].map((s) => ({ id: s, display_name: nameOf(s), cases: held.filter((c) => c.holder.staff === s).length, until: iso(Math.max(...held.filter((c) => c.holder.staff === s).map((c) => c.holder.until))) }));
  return {
    waiting: mine.length - held.length,
    held: held.length,
    mine: held.filter((c) => c.holder.staff === who.id).length,
    second: mine.filter((c) => c.by.some((d) => d.state === 'second')).length,
    escalated: mine.filter((c) => c.escalation).length,
    overdue: mine.filter((c) => c.due < now()).length,
    oldest_since: mine.length ? iso(Math.min(...mine.map((c) => c.since))) : null,
    holders,
  };
}

const machineOf = (c) => ({
  decision_id: `dec_${c.id}`,
  outcome: 'review',
  at: iso(c.since),
  policy_version: '2026-11',
  policy_sha256: 'ab12'.repeat(16),
  reasons: c.reasons.map((code) => ({ code, check: code.startsWith('face') ? 'face_match' : code.startsWith('liveness') ? 'liveness' : code.startsWith('digits') ? 'spoken_digits' : code.startsWith('mrz') ? 'document_mrz' : null, detail: 'measured between the two thresholds', meaning: code })),
  checks: [
    { name: 'document_portrait', status: 'passed', score: 0.97, threshold: 0.8, detail: 'portrait 212 px wide', scale: null },
    { name: 'document_mrz', status: c.reasons.includes('mrz_uncertain') ? 'borderline' : 'passed', score: 0, threshold: 0, detail: 'TD1, 4 check digits', scale: null },
    { name: 'document_validity', status: 'passed', score: null, threshold: null, detail: '', scale: null },
    { name: 'declared_identity', status: c.reasons.includes('identity_differs') ? 'borderline' : 'passed', score: null, threshold: null, detail: '7 of 7 fields', scale: null },
    { name: 'video_integrity', status: 'passed', score: 0, threshold: 0.05, detail: '', scale: null },
    { name: 'single_face', status: 'passed', score: 0.98, threshold: 0.9, detail: '', scale: null },
    { name: 'face_match', status: c.reasons.includes('face_uncertain') ? 'borderline' : 'passed', score: c.reasons.includes('face_uncertain') ? 0.52 : 0.34, threshold: 0.45, detail: 'median of 9 frames', scale: { unit: 'L2', accept: 0.45, refuse: 0.6, higher_is_better: false, low: 0, high: 1 } },
    { name: 'liveness', status: c.reasons.includes('liveness_uncertain') ? 'borderline' : 'passed', score: c.reasons.includes('liveness_uncertain') ? 0.61 : 0.93, threshold: 0.8, detail: '24 frames', scale: { unit: 'p', accept: 0.8, refuse: 0.3, higher_is_better: true, low: 0, high: 1 } },
    { name: 'face_motion', status: 'passed', score: 0.031, threshold: 0.02, detail: '', scale: null },
    { name: 'spoken_digits', status: c.reasons.includes('digits_uncertain') ? 'borderline' : 'passed', score: 0.71, threshold: 0.6, detail: '3 of 3', scale: { unit: 'p', accept: 0.6, refuse: null, higher_is_better: true, low: 0, high: 1 } },
  ],
  models: [{ name: 'sface', version: '2021dec', sha256: 'cd34'.repeat(16) }],
});

const PICTURES = [['pic_portrait', 'portrait'], ['pic_frame1', 'frame'], ['pic_frame2', 'frame'], ['pic_frame3', 'frame'], ['pic_front', 'document_front_straight'], ['pic_back', 'document_back_straight']];
const MEDIA = [['upl_front', 'document_front'], ['upl_back', 'document_back'], ['upl_video', 'selfie_video']];

const box = (x, y, w, h) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];
const place = (name, text, y, agrees, differs_at = []) => ({ name, text, corners: box(0.385, y, 0.02 * text.length, 0.065), agrees, differs_at });

function caseFor(c, who) {
  const blind = settings.blind_first && !c.judgements.has(who.id);
  const media = ([mediaId, kind], n) => ({ id: mediaId, kind, content_type: kind === 'selfie_video' ? 'video/webm' : 'image/svg+xml', size: 1000, at_ms: kind === 'frame' ? 900 * n : null, url: `/console/api/cases/${c.id}/media/${mediaId}`, viewed: c.viewed.has(`${who.id} ${mediaId}`) });
  const e = (value) => (c.evil ? `${value} ${c.evil}` : value);
  const zone = (value) => (blind || !kept ? null : value);
  const field = (name, declared, read, agrees = true) => ({ name, declared: e(declared), zone: zone(read), print: zone(declared), agrees: blind || !kept ? null : agrees });
  return {
    id: c.id, number: c.number, language: c.language, state: c.state, attempt: c.attempt, appealed: c.appealed,
    appeal: c.appealed ? e('Je suis sûre que c’est bien moi, la lumière était mauvaise.') : null,
    due_at: iso(c.due), waiting_since: iso(c.since), held_until: iso(c.holder?.until ?? now()),
    escalation: c.escalation, watermark: `${who.display_name} · ${iso(now()).slice(0, 16)}Z`,
    adaptations: c.reasons.includes('person_asked') ? ['more_time', 'no_head'] : [], biometrics: true, document_type: 'fr_card',
    identity: [
      field('birth_name', c.reasons.includes('identity_differs') ? 'MARCHEVANT' : c.surname, c.surname, !c.reasons.includes('identity_differs')),
      field('first_names', 'Alix, Anne-Marie', 'ALIX ANNE MARIE'),
      field('sex', 'X', 'X'),
      field('birth_date', '1970-01-10', '1970-01-10'),
      { name: 'birth_place', declared: e('Châteauneuf-du-Pape'), zone: null, print: zone('CHATEAUNEUF DU PAPE'), agrees: null },
      field('nationality', 'FRA', 'FRA'),
      field('document_number', c.document, c.document),
      { name: 'expiry_date', declared: null, zone: zone('2030-12-31'), print: zone('2030-12-31'), agrees: null },
    ],
    documents: blind || c.purged || !kept ? null : [
      { side: 'front', found: 'outline', width_mm: 85.6, height_mm: 53.98, outline: [[0.08, 0.12], [0.93, 0.07], [0.95, 0.92], [0.1, 0.96]], zone: [], portrait: [[0.06, 0.24], [0.34, 0.24], [0.34, 0.81], [0.06, 0.81]],
        fields: [place('birth_name', c.surname, 0.27, true), place('first_names', 'Alix, Anne-Marie', 0.365, true), place('birth_date', '10 01 1970', 0.46, null), place('document_number', c.document, 0.555, !c.reasons.includes('mrz_uncertain'), c.reasons.includes('mrz_uncertain') ? [6, 7] : [])] },
      { side: 'back', found: 'outline', width_mm: 85.6, height_mm: 53.98, outline: [[0.08, 0.12], [0.93, 0.07], [0.95, 0.92], [0.1, 0.96]], portrait: null, fields: [],
        zone: [`IDFRA${c.document}<<<<<<<<<<<<<<<<`, '7001108X3012311FRA<<<<<<<<<<<8', `${c.surname}<<ALIX<ANNE<MARIE<<<<<<`].map((text, i) => ({ text: text.slice(0, 30), corners: box(0.06, 0.645 + i * 0.092, 0.745, 0.065) })) },
    ],
    media: c.purged ? [] : MEDIA.map(media), pictures: c.purged || !kept ? [] : PICTURES.map(media),
    video: c.purged ? null : {
      media: 'upl_video', seconds: 6, width: 640, height: 640, has_sound: true,
      asked: [{ digit: '3', at_ms: 1000 }, { digit: '7', at_ms: 2600 }, { digit: '2', at_ms: 4200 }],
      heard: blind || !kept ? null : [{ digit: '3', start_ms: 1300, end_ms: 1700, confidence: 0.91 }, { digit: '7', start_ms: 2900, end_ms: 3300, confidence: 0.84 }, { digit: c.reasons.includes('digits_uncertain') ? '5' : '2', start_ms: 4500, end_ms: 5000, confidence: 0.44 }],
      tracks: blind || !kept ? null : [
        { name: 'face_present', unit: 'faces', points: Array.from({ length: 30 }, (_, i) => [i * 200, i === 17 ? 0 : i > 24 && i < 27 ? 2 : 1]) },
        { name: 'live_score', unit: 'p', points: Array.from({ length: 30 }, (_, i) => [i * 200, Math.round(100 * (0.72 + 0.2 * Math.sin(i * 0.7 + c.seed))) / 100]) },
        { name: 'periodicity', unit: 'ratio', points: Array.from({ length: 6 }, (_, i) => [i * 1000, i === 3 ? 3.6 : 1.4 + 0.1 * i]) },
        { name: 'bars', unit: 'sides', points: Array.from({ length: 6 }, (_, i) => [i * 1000, i === 4 ? 1 : 0]) },
        { name: 'lips', unit: 'of_light', points: Array.from({ length: 6 }, (_, i) => [i * 1000, 0.31 - 0.02 * i]) },
        { name: 'cut', unit: 'cut', points: c.seed % 2 ? [[3500, 1]] : [] },
        ...(c.seed % 2 ? [{ name: 'document_shown', unit: 'seen', points: Array.from({ length: 9 }, (_, i) => [4200 + i * 200, i > 2 && i < 7 && c.seed % 4 === 3 ? 1 : 0]) }] : []),
        { name: 'head_yaw', unit: 'degrees', points: Array.from({ length: 30 }, (_, i) => [i * 200, Math.round(240 * Math.exp(-((i - 16) ** 2) / 14) + 8 * Math.sin(i)) / 10]) },
        { name: 'head_pitch', unit: 'degrees', points: Array.from({ length: 30 }, (_, i) => [i * 200, Math.round(30 * Math.sin(i * 0.4)) / 10]) },
        ...(c.seed % 3 ? [{ name: 'mouth', unit: 'of_width', points: Array.from({ length: 60 }, (_, i) => [i * 100, 0.2 + ([13, 29, 45].some((at) => Math.abs(i - at - 1) < 3) ? 0.25 * Math.abs(Math.sin(i)) : 0.01)]) }, { name: 'voice', unit: 'dB', points: Array.from({ length: 60 }, (_, i) => [i * 100, [13, 29, 45].some((at) => Math.abs(i - at) < 3) ? -14 - 6 * Math.abs(Math.sin(i)) : -52]) }] : []),
      ],
      lips: blind || !kept || !(c.seed % 3) ? null : { score: 0.47, lag_ms: 80, seconds: 3.2 },
      moves: [{ kind: 'head', direction: 'left', at_ms: 3000 }, ...(c.seed % 2 ? [{ kind: 'document', direction: null, at_ms: 4200 }] : [])],
      facts: [{ name: 'container', value: 'webm' }, { name: 'codec', value: 'vp8' }, { name: 'frames', value: 150 }, { name: 'dropped_frames', value: 2 }, { name: 'claimed_seconds', value: null }],
    },
    capture: [{ name: 'camera', value: e('FaceTime HD Camera') }, { name: 'browser', value: e('Firefox 146') }, { name: 'width', value: 1280 }, { name: 'virtual_camera', value: false }],
    blind, judgement: c.judgements.get(who.id) ?? null, machine: blind ? null : machineOf(c),
    earlier: c.attempt > 1 ? [{ attempt: 1, outcome: 'retake', by: 'machine', at: iso(c.since - HOUR), reasons: ['mrz_uncertain'] }] : [],
    events: [{ at: iso(c.since - 2 * HOUR), kind: 'created', actor: 'applicant' }, { at: iso(c.since - HOUR), kind: 'submitted', actor: 'applicant' }, { at: iso(c.since), kind: 'sent_to_review', actor: 'system' }],
    similar: c.seed % 2 ? [{ id: 'case_other', number: '4821-0007-07', state: 'refused', why: 'contact' }] : [],
    choices: { refuse: REFUSE, retake: Object.entries(RETAKE).map(([code, part]) => ({ code, part })), escalate: ESCALATE },
    media_due_at: null, media_purged: Boolean(c.purged),
  };
}

function hold(c, who) {
  if (!open(c, who)) refuse(409, 'invalid_state');
  if (!free(c) && c.holder.staff !== who.id) refuse(409, 'held_elsewhere');
  if (free(c)) note('review_taken', who, c);
  c.holder = { staff: who.id, until: now() + settings.lease_s * 1000 };
  return { case: caseFor(c, who) };
}
function held(caseId, who) {
  const c = cases.get(caseId);
  if (!c || free(c) || c.holder.staff !== who.id) refuse(c ? 409 : 404, c ? 'not_held' : 'not_found');
  return c;
}

function checkDecision(c, d, who) {
  if (settings.blind_first && !c.judgements.has(who.id)) refuse(409, 'judgement_needed');
  const choices = { refuse: REFUSE, retake: Object.keys(RETAKE), escalate: ESCALATE, accept: [], coercion: [] }[d.kind] ?? refuse(422, 'invalid');
  const needs = ['refuse', 'retake', 'escalate'].includes(d.kind);
  if (needs !== d.reasons.length > 0 || d.reasons.some((r) => !choices.includes(r))) refuse(422, 'invalid', { errors: [{ pointer: '/reasons', code: 'invalid' }] });
  if (d.kind === 'retake' && !d.document && !d.video) refuse(422, 'invalid', { errors: [{ pointer: '/document', code: 'invalid' }] });
}
function decide(c, d, who) {
  checkDecision(c, d, who);
  const until = now() + settings.undo_s * 1000;
  const second = settings.two_person_refusal && d.kind === 'refuse' && !c.by.some((x) => x.state === 'second' && x.kind === d.kind);
  const made = { id: id('rdc_'), case: c.id, number: c.number, kind: d.kind, reasons: d.reasons, note: d.note, staff: who.id, at: iso(now()), state: 'undoable', undo_until: iso(until) };
  decisions.set(made.id, made);
  c.by.push(made);
  c.holder = null;
  c.viewed = new Set();
  note('review_decided', who, c, { kind: d.kind, reasons: d.reasons });
  setTimeout(() => {
    if (made.state !== 'undoable') return;
    const first = c.by.find((x) => x.state === 'second');
    if (d.kind === 'escalate' || (first && first.kind !== d.kind)) {
      made.state = first ? 'disputed' : 'effective';
      c.escalation = first ? { by: '', at: made.at, reasons: [], note: null, disputed: true } : { by: who.display_name, at: made.at, reasons: d.reasons, note: d.note, disputed: false };
    } else if (second) made.state = 'second';
    else {
      made.state = 'effective';
      if (first) first.state = 'effective';
      c.state = { accept: 'accepted', retake: 'retake_asked' }[d.kind] ?? 'refused';
    }
  }, settings.undo_s * 1000).unref();
  return { id: made.id, undo_until: made.undo_until, needs_second: second };
}
function preview(c, d) {
  const fr = c.language === 'fr';
  if (d.kind === 'escalate') return { language: c.language, messages: [], page: [] };
  const subject = { accept: ['Votre identité est confirmée', 'Your identity is confirmed'], retake: ['De nouvelles images sont nécessaires', 'New pictures are needed'] }[d.kind] ?? ['Votre identité n’a pas pu être confirmée', 'Your identity could not be confirmed'];
  const page = d.kind === 'accept' ? [] : d.kind === 'coercion' ? [fr ? 'Les images n’ont pas permis de conclure.' : 'The pictures did not allow a clear answer.'] : d.reasons.map((r) => (fr ? `Motif : ${r}.` : `Reason: ${r}.`));
  return { language: c.language, messages: [{ channel: 'email', subject: subject[fr ? 0 : 1], text: fr ? `Bonjour,\n\nVotre dossier ${c.number} a été examiné.\n` : `Hello,\n\nYour case ${c.number} has been examined.\n` }], page };
}

const session = (s) => ({
  stage: s.stage, csrf: s.csrf,
  staff: s.stage === 'ready' ? { id: s.staff.id, name: s.staff.name, display_name: s.staff.display_name, roles: s.staff.roles, language: s.staff.language } : null,
  idle_until: iso(now() + HOUR), expires_at: iso(now() + 9 * HOUR), settings: s.stage === 'ready' ? { ...settings, outbox: hasOutbox() } : null,
});
function begin(who, stage, cookies) {
  const s = { id: id('ses_'), secret: randomBytes(18).toString('base64url'), csrf: randomBytes(18).toString('base64url'), staff: who, stage, at: now(), agent: 'Firefox 146 (Linux)' };
  sessions.set(s.secret, s);
  cookies.push(`idproof-console=${s.secret}; HttpOnly; SameSite=Strict; Path=/`);
  return s;
}
const entry = (s, current) => ({ id: s.id, current: s === current, created_at: iso(s.at), last_seen_at: iso(now()), expires_at: iso(s.at + 9 * HOUR), via: 'local', agent: s.agent });
const wilson = (k, n) => {
  if (n === 0) return { count: k, of: n, low: null, high: null };
  const [z, p] = [1.96, k / n];
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return { count: k, of: n, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
};
const pub = ({ wrong: _w, language: _l, ...rest }) => rest;

/** `METHOD path`, who may, what happens. `$` stands for one part of the path. */
const ROUTES = [
  ['GET /queue', ['reviewer', 'senior', 'operator'], (who, _, q) => {
    const wanted = q.get('state') ?? 'waiting';
    if (wanted === 'second' && !who.roles.includes('operator')) refuse(403, 'role_missing');
    if (wanted === 'escalated' && !senior(who) && !who.roles.includes('operator')) refuse(403, 'role_missing');
    const all = sorted().filter((c) => c.state === 'in_review' && !decided(c) && (open(c, who) || who.roles.includes('operator')));
    const is = { waiting: (c) => free(c) && !c.escalation, held: (c) => !free(c), second: (c) => c.by.some((d) => d.state === 'second'), escalated: (c) => c.escalation };
    const items = all.filter(is[wanted] ?? (() => true)).map((c) => queueItem(c, who)).filter((i) => (!q.get('language') || i.language === q.get('language')) && (!q.get('reason') || i.reasons.includes(q.get('reason'))) && (!q.get('holder') || (q.get('holder') === 'me' ? i.holder?.me : i.holder?.id === q.get('holder'))));
    const from = Number(q.get('cursor') ?? 0);
    const to = from + Number(q.get('limit') ?? 50);
    return { items: items.slice(from, to), next_cursor: to < items.length ? String(to) : null, counts: countsFor(who) };
  }],
  ['GET /queue/counts', ['reviewer', 'senior', 'operator'], (who) => countsFor(who)],
  ['POST /queue/next', ['reviewer', 'senior'], (who, body) => {
    const mine = sorted().filter((c) => !free(c) && c.holder.staff === who.id && c.id !== body.beside);
    if (mine[0]) return hold(mine[0], who);
    const next = sorted().find((c) => free(c) && open(c, who) && c.id !== body.beside);
    return next ? hold(next, who) : { case: null };
  }],
  ['POST /queue/$/take', ['reviewer', 'senior'], (who, _, q, [c]) => hold(cases.get(c) ?? refuse(404, 'not_found'), who)],
  ['POST /queue/$/return', ['senior', 'operator'], (who, _, q, [c]) => void ((cases.get(c) ?? refuse(404, 'not_found')).holder = null)],
  ['GET /cases/$', ['reviewer', 'senior'], (who, _, q, [c]) => caseFor(held(c, who), who)],
  ['POST /cases/$/keep', ['reviewer', 'senior'], (who, _, q, [c]) => ({ held_until: iso((held(c, who).holder.until = now() + settings.lease_s * 1000)) })],
  ['POST /cases/$/leave', ['reviewer', 'senior'], (who, body, q, [c]) => void (held(c, who).holder = null)],
  ['POST /cases/$/judgement', ['reviewer', 'senior'], (who, body, q, [caseId]) => {
    const c = held(caseId, who);
    if (c.judgements.has(who.id)) refuse(409, 'judgement_given');
    if (!['same', 'different', 'unsure'].includes(body.face) || !(body.confidence >= 1 && body.confidence <= 5)) refuse(422, 'invalid');
    c.judgements.set(who.id, { ...body, at: iso(now()) });
    note('review_judged', who, c, body);
    return caseFor(c, who);
  }],
  ['POST /cases/$/views', ['reviewer', 'senior'], (who, body, q, [caseId]) => {
    const c = held(caseId, who);
    for (const m of body.media) {
      c.viewed.add(`${who.id} ${m}`);
      note('media_viewed', who, c, { media: m });
    }
  }],
  ['POST /cases/$/preview', ['reviewer', 'senior'], (who, body, q, [caseId]) => {
    const c = held(caseId, who);
    checkDecision(c, body, who);
    return preview(c, body);
  }],
  ['POST /cases/$/decision', ['reviewer', 'senior'], (who, body, q, [c]) => decide(held(c, who), body, who)],
  ['POST /decisions/$/undo', ['reviewer', 'senior'], (who, _, q, [d]) => {
    const made = decisions.get(d);
    if (!made || made.staff !== who.id) refuse(404, 'not_found');
    if (made.state !== 'undoable') refuse(409, 'undo_late');
    made.state = 'undone';
    const c = cases.get(made.case);
    c.by = c.by.filter((x) => x !== made);
    note('review_undone', who, c);
    return hold(c, who);
  }],
  ['GET /decisions', ['reviewer', 'senior'], (who) => ({ items: [...decisions.values()].filter((d) => d.staff === who.id).reverse().slice(0, 50).map(({ id, case: c, number, kind, at, state, undo_until }) => ({ id, case: c, number, kind, at, state, undo_until })) })],
  ['GET /statistics', ['senior', 'auditor'], (who, _, q) => ({
    since: iso(now() - Number(q.get('days') ?? 30) * 24 * HOUR),
    reviewers: [['usr_ana', 'Ana Duval', 188, 200, 3, 60, 2, 58], ['usr_bruno', 'Bruno Keller', 92, 110, 6, 55, 1, 50], ['usr_new', 'Nouvelle Venue', 11, 12, 0, 4, 0, 0]].map(([i, n, a, of, fa, fan, fr, frn]) => ({ id: i, display_name: n, decisions: { accept: of, refuse: Math.round(of / 8), retake: Math.round(of / 5), escalate: 4, coercion: 0 }, skips: 3, undone: 1, median_s: of / 3, agreement: wilson(a, of), known_false_accept: wilson(fa, fan), known_false_refuse: wilson(fr, frn), face_vs_final: wilson(Math.round(of / 20), of) })),
  })],
  ['GET /known', ['senior'], () => ({ items: known })],
  ['POST /known', ['senior'], (who, body) => {
    known.push({ case: body.case, number: '9000-0002-00', expected: body.expected, answers: 0, right: 0 });
    return [201, {}];
  }],
  ['DELETE /known/$', ['senior'], (who, _, q, [c]) => void (known = known.filter((k) => k.case !== c))],
  ['GET /cases', ['senior', 'auditor'], (who, _, q) => ({ items: sorted().filter((c) => (!q.get('number') || c.number.includes(q.get('number'))) && (!q.get('state') || c.state === q.get('state'))).slice(0, 50).map((c) => ({ id: c.id, number: c.number, state: c.state, attempt: c.attempt, created_at: iso(c.since - HOUR), processed_at: iso(c.since), media_purged_at: null, outcome: c.state === 'in_review' ? 'review' : null })), next_cursor: null })],
  ['GET /cases/$/evidence.json', ['senior', 'auditor'], () => ({ payload: 'e30', protected: 'e30', signature: 'mock' })],
  ['GET /cases/$/evidence.pdf', ['senior', 'auditor'], () => [200, Buffer.from('%PDF-1.4\n%mock\n'), 'application/pdf']],
  ['GET /audit', ['auditor'], (who, _, q) => {
    const all = audit.filter((a) => (!q.get('case') || a.case === q.get('case')) && (!q.get('kind') || a.kind === q.get('kind')) && a.seq < Number(q.get('before') ?? Infinity)).reverse();
    const items = all.slice(0, Number(q.get('limit') ?? 100));
    return { items, next_before: all.length > items.length ? items.at(-1).seq : null };
  }],
  ['GET /staff', ['administrator'], () => ({ items: staff.map(pub) })],
  ['POST /staff', ['administrator'], (who, body) => {
    if (staff.some((s) => s.name === body.name) || (body.roles.includes('administrator') && body.roles.some((r) => ['reviewer', 'senior'].includes(r)))) refuse(422, 'invalid', { errors: [{ pointer: '/name', code: 'invalid' }] });
    const made = person(body.name, body.display_name, body.roles, { totp: false, recovery_codes_left: 0, last_sign_in_at: null, oidc_subject: body.oidc_subject });
    staff.push(made);
    return [201, { staff: pub(made), password: 'correct-cheval-pile' }];
  }],
  ['PATCH /staff/$', ['administrator'], (who, body, q, [s]) => pub(Object.assign(staff.find((x) => x.id === s) ?? refuse(404, 'not_found'), body))],
  ['POST /staff/$/reset', ['administrator'], (who, _, q, [s]) => {
    Object.assign(staff.find((x) => x.id === s) ?? refuse(404, 'not_found'), { totp: false, recovery_codes_left: 0 });
    return { password: 'agrafe-de-secours' };
  }],
  ['GET /staff/$/sessions', ['administrator'], (who, _, q, [s]) => ({ sessions: [...sessions.values()].filter((x) => x.staff.id === s).map((x) => entry(x)) })],
  ['DELETE /staff/$/sessions', ['administrator'], (who, _, q, [s]) => {
    for (const [secret, x] of sessions) if (x.staff.id === s) sessions.delete(secret);
  }],
  ...policyRoutes(refuse, note),
  ...boardRoutes(refuse, note),
].map(([route, roles, work]) => ({ pattern: new RegExp(`^${route.replaceAll('$', '([^/]+)').replaceAll('.', '\\.')}$`), roles, work }));

function onSession(method, path, body, s, cookies) {
  if (method === 'POST' && path === '/session') {
    const who = staff.find((x) => x.name === body.name);
    if (!who || who.disabled || body.password !== 'mock') refuse(401, 'sign_in_refused');
    return session(begin(who, who.totp ? 'totp' : 'enrol', cookies));
  }
  if (!s) refuse(401, 'unauthorized');
  const change = (stage) => {
    sessions.delete(s.secret);
    return begin(s.staff, stage, cookies);
  };
  switch (`${method} ${path}`) {
    case 'GET /session':
      return session(s);
    case 'DELETE /session':
      return void sessions.delete(s.secret);
    case 'POST /session/totp':
      if (s.stage !== 'totp') refuse(403, 'stage_wrong');
      if (s.staff.wrong >= 5) refuse(429, 'sign_in_locked', { until: iso(now() + HOUR) });
      if (body.code !== '123456' && body.recovery_code !== 'abcd-efgh-ijkl') {
        s.staff.wrong += 1;
        refuse(401, 'sign_in_refused');
      }
      return session(change('ready'));
    case 'POST /session/enrolment':
      if (s.stage !== 'enrol') refuse(403, 'stage_wrong');
      return { secret: 'JBSWY3DPEHPK3PXP', uri: `otpauth://totp/idproof:${s.staff.name}?secret=JBSWY3DPEHPK3PXP&issuer=idproof` };
    case 'POST /session/enrolment/confirm':
      if (body.code !== '123456') refuse(422, 'code_wrong');
      if (body.new_password.length < 12) refuse(422, 'password_weak', { errors: [{ pointer: '/new_password', code: 'weak' }] });
      s.staff.totp = true;
      return { session: session(change('ready')), recovery_codes: Array.from({ length: 10 }, () => randomBytes(6).toString('hex').replace(/(.{4})(?!$)/g, '$1-')) };
    case 'POST /session/password':
      if (body.password !== 'mock') refuse(401, 'sign_in_refused');
      return undefined;
    case 'GET /sessions':
      return { sessions: [...sessions.values()].filter((x) => x.staff === s.staff).map((x) => entry(x, s)) };
  }
  const one = /^DELETE \/sessions\/(\w+)$/.exec(`${method} ${path}`);
  if (!one) return null;
  for (const [secret, x] of sessions) if (x.id === one[1] && x.staff === s.staff) sessions.delete(secret);
  return undefined;
}

/** A part of a file, as players ask for it. */
function sendVideo(request, response, headers) {
  if (!VIDEO || !existsSync(VIDEO)) refuse(409, 'media_gone');
  const { size } = statSync(VIDEO);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const [from, to] = range ? [Number(range[1]), range[2] ? Number(range[2]) : size - 1] : [0, size - 1];
  response.writeHead(range ? 206 : 200, { ...headers, 'content-type': 'video/webm', 'accept-ranges': 'bytes', 'content-length': to - from + 1, ...(range && { 'content-range': `bytes ${from}-${to}/${size}` }) });
  createReadStream(VIDEO, { start: from, end: to }).pipe(response);
}

function answer(request, path, query, body, cookies, response) {
  const method = request.method;
  if (path === '/options') return { oidc: true, oidc_name: 'Préfecture de démonstration', language: 'fr' };
  const s = sessions.get(/idproof-console=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]);
  if (method !== 'GET' && path !== '/session' && s && request.headers['x-csrf-token'] !== s.csrf) refuse(403, 'csrf_wrong');
  const own = /^\/sessions?(\/|$)/.test(path) ? onSession(method, path, body, s, cookies) : null;
  if (own !== null) return own;
  if (!s) refuse(401, 'unauthorized');
  if (s.stage !== 'ready') refuse(403, 'stage_wrong');
  const who = s.staff;
  const media = /^\/cases\/(\w+)\/media\/(\w+)$/.exec(path);
  if (media) {
    const c = held(media[1], who);
    if (!c.viewed.has(`${who.id} ${media[2]}`)) refuse(403, 'media_masked');
    const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' };
    if (media[2] === 'upl_video') return sendVideo(request, response, headers), 'sent';
    const [, kind] = [...PICTURES, ...MEDIA].find(([m]) => m === media[2]) ?? refuse(404, 'not_found');
    return [200, picture(kind, c, Number(/\d/.exec(media[2])?.[0] ?? 0)), 'image/svg+xml'];
  }
  for (const { pattern, roles, work } of ROUTES) {
    const found = pattern.exec(`${method} ${path}`);
    if (!found) continue;
    if (!roles.some((r) => who.roles.includes(r))) refuse(403, 'role_missing');
    return work(who, body, query, found.slice(1));
  }
  refuse(404, 'not_found');
}

/** Answers one request under `/console/api`, or what only tests use under `/__mock/console`. */
export function onConsole(request, url, body, response) {
  const cookies = [];
  let status = 200, content, type = 'application/json';
  try {
    if (url.pathname === '/__mock/console/reset') content = void reset(body);
    else if (url.pathname === '/__mock/console/cases') content = [...cases.values()].map(({ id, number, state, by, holder }) => ({ id, number, state, holder, by }));
    else if (url.pathname === '/__mock/console/audit') content = audit;
    else content = answer(request, url.pathname.slice('/console/api'.length), url.searchParams, body, cookies, response);
    if (content === 'sent') return;
    if (Array.isArray(content) && typeof content[0] === 'number') [status, content, type = type] = content;
    if (content === undefined) status = 204;
  } catch (cause) {
    if (!(cause instanceof Refusal)) console.error(cause);
    [status, content, type] = cause instanceof Refusal ? [cause.status, cause.body, 'application/problem+json'] : [500, { code: 'internal', status: 500 }, 'application/problem+json'];
  }
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...(cookies.length && { 'set-cookie': cookies }) });
  response.end(content === undefined ? '' : Buffer.isBuffer(content) ? content : JSON.stringify(content));
}

reset();
