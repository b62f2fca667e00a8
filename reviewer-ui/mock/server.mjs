// The service as the pages see it, in memory, for developing them and for tests that need no
// pipeline. Nothing is checked, decided or kept here. `node mock/server.mjs [port]`.

import { createServer } from 'node:http';
import { randomBytes, createHash } from 'node:crypto';
import { onConsole } from './console.mjs';
import { sendPage } from './static.mjs';

const port = Number(process.argv[2] ?? process.env.PORT ?? 8787);
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const id = (prefix) => prefix + [...randomBytes(26)].map((b) => ALPHABET[b % 32]).join('');
const secret = (prefix) => prefix + randomBytes(24).toString('base64url');
const number = () => [4, 4, 2].map((n) => [...randomBytes(n)].map((b) => b % 10).join('')).join('-');
const hours = (n) => new Date(Date.now() + n * 3_600_000).toISOString();

const cases = new Map();
const tokens = new Map();
const uploads = new Map();
const handovers = new Map();
/** What left: the tests read codes here. */
const outbox = [];

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

const DOCUMENT_TYPES = [
  { code: 'fr_card', label: { fr: 'Carte d’identité française (format carte bancaire)', en: 'French identity card (bank card size)' }, sides: ['front', 'back'], shape: 'card', file_upload: true },
  { code: 'fr_card_1995', label: { fr: 'Carte d’identité française (ancien modèle bleu)', en: 'French identity card (older blue model)' }, sides: ['front', 'back'], shape: 'card', file_upload: true },
  { code: 'fr_passport', label: { fr: 'Passeport français', en: 'French passport' }, sides: ['front'], shape: 'booklet', file_upload: true },
  { code: 'fr_permit', label: { fr: 'Titre de séjour français', en: 'French residence permit' }, sides: ['front', 'back'], shape: 'card', file_upload: true },
];
const QUALITY = { resolution_min: 4, blur_max: 0.35, glare_max: 0.02, dark_end_max: 120, light_end_min: 90 };
const SERVICE = {
  name: 'Identité de démonstration',
  consent_version: '2026-11',
  support: { phone: '09 69 00 00 00', email: 'aide@exemple.fr', hours: 'lun.–ven. 8 h–19 h' },
  contacts: { email: true, phone: true },
  open: true,
  retention_hours: { media: 72, abandoned: 72 },
};

const LABELS = {
  created: ['Dossier ouvert', 'Case opened'],
  email_confirmed: ['E-mail confirmé', 'E-mail confirmed'],
  phone_confirmed: ['Téléphone confirmé', 'Telephone confirmed'],
  identity_declared: ['Identité indiquée', 'Identity given'],
  document_uploaded: ['Document reçu', 'Document received'],
  video_uploaded: ['Vidéo reçue', 'Video received'],
  submitted: ['Dossier envoyé', 'Case sent'],
  processing_started: ['Vérification commencée', 'Check begun'],
  sent_to_review: ['Confié à une personne', 'Handed to a person'],
  retake_asked: ['Nouvelles images demandées', 'New pictures asked for'],
  retake_started: ['Nouvelles images commencées', 'New pictures begun'],
  accepted: ['Identité confirmée', 'Identity confirmed'],
  refused: ['Identité non confirmée', 'Identity not confirmed'],
  appealed: ['Nouvel examen demandé', 'Another look asked for'],
  letter_sent: ['Lettre recommandée déposée', 'Registered letter deposited'],
  letter_opened: ['Lettre ouverte', 'Letter opened'],
  activated: ['Identité activée', 'Identity activated'],
  suspended: ['Identité suspendue', 'Identity suspended'],
  reactivated: ['Identité réactivée', 'Identity reactivated'],
  expired: ['Dossier expiré', 'Case expired'],
  withdrawn: ['Démarche arrêtée', 'Stopped by the applicant'],
};

function step(c, kind, state) {
  c.timeline.push({ at: new Date().toISOString(), kind, label: { fr: LABELS[kind][0], en: LABELS[kind][1] } });
  if (state) c.state = state;
}

const COLLECTING = ['created', 'contact_confirmed', 'identity_declared', 'document_uploaded', 'video_uploaded'];
const collecting = (c) => COLLECTING.includes(c.state) || refuse(409, 'invalid_state');

function mask(kind, value) {
  return kind === 'email' ? value.replace(/^(.).*@/, '$1…@') : value.slice(0, 4) + ' •• •• •• ' + value.slice(-2);
}

function seen(c) {
  const contact = (kind) => (c[kind] ? { masked: mask(kind, c[kind].value), confirmed: c[kind].confirmed } : null);
  const mine = [...uploads.values()].filter((u) => u.case === c.id && u.attempt === c.attempt && u.state !== 'discarded');
  return {
    id: c.id,
    number: c.number,
    state: c.state,
    language: c.language,
    attempt: c.attempt,
    consent: c.consent,
    email: contact('email'),
    phone: contact('phone'),
    identity: c.identity,
    uploads: mine.map(({ id, kind, state }) => ({ id, kind, state })),
  };
}

function sendCode(c, kind) {
  const slot = c[kind];
  if (slot.sent.length > 0 && Date.now() - slot.sent.at(-1) < (c.fast ? 0 : 30_000) && slot.code) refuse(429, 'resend_too_soon', { until: new Date(slot.sent.at(-1) + 30_000).toISOString() });
  if (slot.sent.length >= 5) refuse(429, 'resend_limit', { until: hours(1) });
  slot.sent.push(Date.now());
  slot.code = String(100000 + (randomBytes(4).readUInt32BE() % 900000));
  slot.wrong = 0;
  outbox.push({ to: slot.value, case: c.id, code: slot.code });
}

function confirm(slot, code) {
  if (!slot?.code) refuse(409, 'invalid_state');
  if (slot.wrong >= 5) refuse(429, 'code_locked', { until: hours(1) });
  if (code === slot.code) return void (slot.confirmed = true);
  slot.wrong += 1;
  if (slot.wrong >= 5) refuse(429, 'code_locked', { until: hours(1) });
  refuse(422, 'code_wrong', { remaining: 5 - slot.wrong });
}

function challenge(c, adapt) {
  const slow = adapt.includes('more_time') ? 2 : 1;
  const steps = [];
  let at = 1800 * slow;
  const add = (s, ms) => {
    steps.push({ ...s, after_ms: at });
    at += ms * slow;
  };
  for (let i = 0; i < 3; i++) add({ kind: 'digit', digit: randomBytes(1)[0] % 10 }, 2200);
  if (!adapt.includes('no_head')) add({ kind: 'head', direction: ['left', 'right', 'up'][randomBytes(1)[0] % 3] }, 3000);
  add({ kind: 'document' }, 3500);
  c.challenge = id('chl_');
  c.challengeToken = secret('');
  return { id: c.challenge, token: c.challengeToken, language: c.language, steps, expires_at: hours(0.2) };
}

/** Where the mock's case goes after submission; tests choose with POST /__mock/outcome. */
function decide(c) {
  const after = (ms, work) => setTimeout(() => c.state !== 'withdrawn' && work(), ms);
  after(1500, () => {
    step(c, 'processing_started', 'processing');
    after(1500, () => {
      switch (c.outcome ?? 'review') {
        case 'accept':
          step(c, 'accepted', 'accepted');
          after(1500, () => {
            step(c, 'letter_sent', 'letter_sent');
            c.letter = { state: 'notified', deposited_at: new Date().toISOString(), accept_until: hours(24 * 15), provider: 'Lettre recommandée électronique', electronic: true };
          });
          break;
        case 'refuse':
          c.reasons = ['face_mismatch', 'digits_differ'];
          step(c, 'refused', 'refused');
          break;
        case 'retake':
          c.retake = { reasons: ['mrz_uncertain', 'portrait_too_small', 'no_sound'], document: true, video: true };
          step(c, 'retake_asked', 'retake_asked');
          break;
        default:
          step(c, 'sent_to_review', 'in_review');
      }
    });
  });
}

function open(language, fields = {}) {
  const c = { id: id('case_'), number: number(), state: 'created', language, attempt: 1, consent: null, email: null, phone: null, identity: null, timeline: [], ...fields };
  step(c, 'created');
  cases.set(c.id, c);
  return c;
}
function token(c) {
  const t = secret('idc_');
  tokens.set(t, c.id);
  return t;
}

const contact = (kind) => ({
  post: (c, body) => {
    collecting(c);
    const value = kind === 'email' ? body.address : body.number;
    if (!value || /invalid/.test(value)) refuse(422, 'invalid', { errors: [{ pointer: kind === 'email' ? '/address' : '/number', code: 'invalid' }] });
    if (c[kind]?.value !== value) c[kind] = { value, confirmed: false, sent: [], wrong: 0 };
    sendCode(c, kind);
    return [202, {}];
  },
  confirm: (c, body) => {
    confirm(c[kind], body.code);
    step(c, `${kind}_confirmed`);
    if (c.email?.confirmed && c.phone?.confirmed && c.state === 'created') c.state = 'contact_confirmed';
    return [200, {}];
  },
});

/** `METHOD path-under-a-case` → what happens. */
const ON_CASE = {
  'GET ': (c) => [200, seen(c)],
  'GET /timeline': (c) => [200, c.timeline],
  'GET /status': (c) => {
    const waiting = ['submitted', 'processing', 'in_review'].includes(c.state);
    return [200, {
      state: c.state,
      number: c.number,
      queue_position: waiting ? 3 : null,
      letter_due_at: c.submitted ? hours(24) : null,
      media_due_at: ['accepted', 'refused', 'letter_sent', 'letter_opened', 'activated'].includes(c.state) ? hours(72) : null,
      next: { code: c.state },
      reasons: c.reasons ?? [],
      appealed: c.appealed ?? false,
      can: [
        ...(c.state === 'refused' && !c.appealed ? ['appeal'] : []),
        ...(c.state === 'activated' ? ['suspend'] : c.state === 'suspended' ? ['reactivate'] : ['withdraw']),
        'delete',
      ],
      retake: c.state === 'retake_asked' ? c.retake : null,
    }];
  },
  'POST /consent': (c, body) => {
    c.consent = { version: body.version, biometrics: body.biometrics };
    return [200, {}];
  },
  'POST /email': contact('email').post,
  'POST /email/confirm': contact('email').confirm,
  'POST /phone': contact('phone').post,
  'POST /phone/confirm': contact('phone').confirm,
  'PUT /identity': (c, body) => {
    collecting(c);
    c.identity = body;
    if (c.state === 'contact_confirmed') step(c, 'identity_declared', 'identity_declared');
    return [200, {}];
  },
  'POST /challenges': (c, body) => [201, challenge(c, body.adapt ?? [])],
  'POST /uploads': (c, body) => {
    collecting(c);
    if (body.kind === 'selfie_video' && (body.challenge_id !== c.challenge || body.challenge_token !== c.challengeToken)) refuse(409, 'challenge_void');
    const u = { id: id('upl_'), case: c.id, attempt: c.attempt, kind: body.kind, state: 'receiving', chunks: new Map() };
    uploads.set(u.id, u);
    return [201, { id: u.id, kind: u.kind, state: u.state, received: [], size: 0 }];
  },
  'POST /submit': (c) => {
    if (c.state !== 'video_uploaded') refuse(409, 'invalid_state');
    step(c, 'submitted', 'submitted');
    c.submitted = true;
    decide(c);
    return [202, {}];
  },
  'POST /retake': (c) => {
    if (c.state !== 'retake_asked') refuse(409, 'invalid_state');
    c.attempt += 1;
    step(c, 'retake_started', c.retake.document ? 'identity_declared' : 'document_uploaded');
    return [200, {}];
  },
  'POST /appeal': (c) => {
    c.appealed = true;
    step(c, 'appealed', 'in_review');
    return [202, {}];
  },
  'POST /withdraw': (c) => (step(c, 'withdrawn', 'withdrawn'), [200, {}]),
  'POST /suspend': (c) => (step(c, 'suspended', 'suspended'), [200, {}]),
  'POST /reactivate': (c) => (step(c, 'reactivated', 'activated'), [200, {}]),
  'DELETE ': (c) => {
    for (const [t, owner] of tokens) if (owner === c.id) tokens.delete(t);
    cases.delete(c.id);
    return [204];
  },
  'GET /letter': (c) => (c.letter ? [200, c.letter] : refuse(404, 'no_letter')),
  'POST /letter/accept': (c) => {
    c.letter.state = 'accepted';
    c.letter.code ??= '482915';
    if (c.state === 'letter_sent') step(c, 'letter_opened', 'letter_opened');
    return [200, { ...c.letter, code: undefined, sender: SERVICE.name, activation_code: c.letter.code }];
  },
  'POST /letter/refuse': (c) => {
    c.letter.state = 'refused';
    c.state = 'expired';
    return [200, {}];
  },
  'POST /activation': (c, body) => {
    c.activation ??= { code: c.letter?.code, wrong: 0 };
    confirm(c.activation, body.code);
    step(c, 'activated', 'activated');
    return [200, { state: c.state }];
  },
  'POST /handover': (c, _, origin) => {
    const h = { id: id('hov_'), secret: secret('idh_'), case: c.id, number: String(randomBytes(2).readUInt16BE() % 1000).padStart(3, '0'), state: 'waiting', until: Date.now() + 300_000, wrong: 0 };
    handovers.set(h.secret, h);
    return [201, { id: h.id, url: `${origin}/handover#${h.secret}`, code_number: h.number, expires_at: new Date(h.until).toISOString() }];
  },
};

function onUpload(method, u, rest, request, body, bytes) {
  const c = cases.get(u.case);
  const chunk = /^\/chunks\/(\d+)$/.exec(rest);
  if (method === 'PUT' && chunk) {
    if (u.state !== 'receiving') refuse(409, 'upload_closed');
    const digest = createHash('sha256').update(bytes).digest('base64');
    if (request.headers['content-digest'] !== `sha-256=:${digest}:`) refuse(422, 'digest_mismatch');
    const had = u.chunks.get(Number(chunk[1]));
    if (had && had.digest !== digest) refuse(409, 'chunk_differs');
    u.chunks.set(Number(chunk[1]), { digest, size: bytes.length, bytes });
    return [204];
  }
  if (method === 'GET' && !rest) {
    const received = [...u.chunks].map(([n, { size }]) => ({ n, size })).sort((a, b) => a.n - b.n);
    return [200, { id: u.id, kind: u.kind, state: u.state, received, size: received.reduce((s, r) => s + r.size, 0) }];
  }
  if (method === 'DELETE' && !rest) {
    if (u.state === 'complete' && u.kind === 'selfie_video' && c.state === 'video_uploaded') c.state = 'document_uploaded';
    u.state = 'discarded';
    return [204];
  }
  if (method === 'POST' && rest === '/complete') {
    for (let n = 0; n < body.chunks; n++) if (!u.chunks.has(n)) refuse(409, 'chunks_missing');
    u.state = 'complete';
    u.capture = body.capture;
    if (u.kind === 'selfie_video') step(c, 'video_uploaded', 'video_uploaded');
    else {
      const sides = DOCUMENT_TYPES.find((t) => t.code === c.identity?.document_type)?.sides ?? ['front'];
      const there = (side) => [...uploads.values()].some((x) => x.case === c.id && x.attempt === c.attempt && x.kind === `document_${side}` && x.state === 'complete');
      if (sides.every(there) && c.state === 'identity_declared') step(c, 'document_uploaded', 'document_uploaded');
    }
    return [200, {}];
  }
  refuse(404, 'not_found');
}

/** What only tests use. */
function onMock(method, path, body) {
  if (path === '/outbox') return [200, outbox];
  if (path === '/case' && method === 'POST') {
    const c = open(body.language ?? 'fr', { fast: true });
    Object.assign(c, body.fields ?? {});
    for (const [kind, value] of Object.entries(body.contacts ?? {})) c[kind] = { value, confirmed: true, sent: [], wrong: 0 };
    for (const kind of body.steps ?? []) step(c, kind);
    for (const side of body.sides ?? []) {
      const u = { id: id('upl_'), case: c.id, attempt: c.attempt, kind: `document_${side}`, state: 'complete', chunks: new Map() };
      uploads.set(u.id, u);
    }
    return [201, { case: seen(c), token: token(c) }];
  }
  const outcome = /^\/outcome\/(case_\w+)$/.exec(path);
  if (outcome) return (cases.get(outcome[1]).outcome = body.outcome), [204];
  const video = /^\/video\/(case_\w+)$/.exec(path);
  if (video) {
    const u = [...uploads.values()].filter((x) => x.case === video[1] && x.kind === 'selfie_video' && x.state === 'complete').at(-1);
    if (!u) refuse(404, 'not_found');
    const file = Buffer.concat([...u.chunks].sort((a, b) => a[0] - b[0]).map(([, c]) => c.bytes));
    return [200, { capture: u.capture, base64: file.toString('base64') }];
  }
  const doubt = /^\/discarded\/(case_\w+)$/.exec(path);
  if (doubt) return [200, [...uploads.values()].filter((x) => x.case === doubt[1]).map(({ kind, state }) => ({ kind, state }))];
  refuse(404, 'not_found');
}

function answer(method, path, request, body, bytes) {
  const origin = `http://${request.headers.host}`;
  if (path.startsWith('/__mock')) return onMock(method, path.slice(7), body);
  const rest = path.slice(3);
  if (rest === '/service') return [200, SERVICE];
  if (rest === '/quality') return [200, QUALITY];
  if (rest === '/policy/documents') return [200, DOCUMENT_TYPES];
  if (rest === '/cases' && method === 'POST') {
    const c = open(body.language);
    return [201, { case: seen(c), token: token(c), continue_url: `${origin}/continue` }];
  }
  if (rest === '/handover/look' && method === 'POST') {
    const h = handovers.get(body.token);
    if (h?.state !== 'waiting') refuse(404, 'not_found');
    return [200, { device: 'Chrome, Linux', asked_at: new Date(h.until - 300_000).toISOString(), same_network: true }];
  }
  if (rest === '/handover' && method === 'POST') {
    const h = handovers.get(body.token);
    if (!h || h.state !== 'waiting' || h.until < Date.now()) refuse(404, 'not_found');
    if (body.number !== h.number) {
      if (++h.wrong >= 3) h.state = 'expired';
      refuse(422, 'number_wrong');
    }
    h.state = 'taken';
    const c = cases.get(h.case);
    return [200, { case: seen(c), token: token(c) }];
  }
  const owner = cases.get(tokens.get((request.headers.authorization ?? '').replace('Bearer ', '')));
  if (!owner) refuse(401, 'unauthorized');
  if (rest === '/cases/current') return [200, seen(owner)];
  const onCase = /^\/cases\/(case_\w+)(.*)$/.exec(rest);
  if (onCase) {
    if (onCase[1] !== owner.id) refuse(404, 'not_found');
    const hand = /^\/handover\/(hov_\w+)$/.exec(onCase[2]);
    if (hand) {
      const state = [...handovers.values()].find((h) => h.id === hand[1])?.state ?? refuse(404, 'not_found');
      return [200, state === 'taken' ? { state, device: 'Chrome, Android' } : { state }];
    }
    if (onCase[2] === '/letter.pdf') return [200, Buffer.from('%PDF-1.4\n%mock\n'), 'application/pdf'];
    const work = ON_CASE[`${method} ${onCase[2]}`] ?? refuse(404, 'not_found');
    return work(owner, body, origin);
  }
  const onUp = /^\/uploads\/(upl_\w+)(.*)$/.exec(rest);
  if (onUp) {
    const u = uploads.get(onUp[1]);
    if (!u || u.case !== owner.id) refuse(404, 'not_found');
    return onUpload(method, u, onUp[2], request, body, bytes);
  }
  refuse(404, 'not_found');
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  const { pathname } = url;
  const forConsole = pathname.startsWith('/console/api/') || pathname.startsWith('/__mock/console/');
  if (!forConsole && !pathname.startsWith('/v1') && !pathname.startsWith('/__mock')) return sendPage(request, pathname, response);
  const parts = [];
  for await (const part of request) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (forConsole) return onConsole(request, url, bytes.length > 0 ? JSON.parse(bytes) : {}, response);
  let status, body, type = 'application/json';
  try {
    const json = /json/.test(request.headers['content-type'] ?? '') && bytes.length > 0 ? JSON.parse(bytes) : {};
    [status, body, type = type] = answer(request.method, pathname, request, json, bytes);
  } catch (cause) {
    if (!(cause instanceof Refusal)) console.error(cause);
    [status, body, type] = cause instanceof Refusal ? [cause.status, cause.body, 'application/problem+json'] : [500, { code: 'internal', status: 500 }, 'application/problem+json'];
  }
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body === undefined ? '' : Buffer.isBuffer(body) ? body : JSON.stringify(body));
}).listen(port, '127.0.0.1', () => console.log(`mock service on http://127.0.0.1:${port}`));
