// Dashboards, messages, the local outbox and integrators in memory, for the operators' pages.

import { randomBytes } from 'node:crypto';

const iso = (ms) => new Date(ms).toISOString();
const [HOUR, DAY] = [3_600_000, 86_400_000];
const id = (prefix) => prefix + randomBytes(10).toString('hex');

const share = (count, of) => {
  if (of === 0) return { of, count: 0, share: null, low: null, high: null, hidden: false };
  if (of < 5) return { of, count: null, share: null, low: null, high: null, hidden: true };
  const [z, p] = [1.96, count / of];
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of))) / (1 + (z * z) / of);
  return { of, count, share: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half), hidden: false };
};

let messages, orgs, keys, hooks, sent, branding, trials, outbox;
export function resetBoards({ outbox: shown = true } = {}) {
  outbox = shown;
  const message = (n, channel, template, error, more = {}) => ({ id: `msg_${String(n).padStart(20, '0')}`, channel, template, case: `case_${String(n).padStart(12, '0')}`, state: 'failed', attempts: 11, response_code: null, last_error: error, created_at: iso(Date.now() - n * 3 * HOUR), retry: true, why_not: null, ...more });
  messages = [message(1, 'email', 'status_changed', 'no connection to the server'), message(2, 'webhook', 'case.accepted', 'the server answered', { response_code: 503 }), message(3, 'sms', 'sms_code', 'refused by the operator'), message(4, 'email', 'deleted', 'mailbox unknown', { retry: false, why_not: 'person_removed' }), message(5, 'email', 'processing', null, { state: 'pending', attempts: 0, retry: false, why_not: 'under_way' })];
  orgs = [{ id: 'org_house', name: 'house', own: true, created_at: iso(Date.now() - 90 * DAY) }, { id: 'org_demo', name: 'banque', own: false, created_at: iso(Date.now() - 60 * DAY) }, { id: 'org_city', name: 'ville', own: false, created_at: iso(Date.now() - 20 * DAY) }];
  const key = (org, name, more) => ({ org, id: `key_${name}`, name, scopes: ['cases:read', 'cases:write'], sandbox: true, created_at: iso(Date.now() - 30 * DAY), expires_at: null, revoked_at: null, last_used_at: iso(Date.now() - HOUR), state: 'valid', ...more });
  keys = [key('org_demo', 'backend', { sandbox: false }), key('org_demo', 'essais', {}), key('org_demo', 'ancienne', { state: 'revoked', revoked_at: iso(Date.now() - 9 * DAY), last_used_at: null })];
  hooks = [{ org: 'org_demo', id: 'whe_demo', url: 'https://hooks.exemple.fr/idproof/5d2c91', events: ['case.accepted', 'case.refused'], sandbox: false, enabled: true, created_at: iso(Date.now() - 30 * DAY), old_secret_until: null }, { org: 'org_demo', id: 'whe_test', url: 'https://essais.exemple.fr/', events: ['*'], sandbox: true, enabled: false, created_at: iso(Date.now() - 3 * DAY), old_secret_until: iso(Date.now() + 20 * HOUR) }];
  sent = Array.from({ length: 6 }, (_, i) => ({ hook: 'whe_demo', id: `msg_d${i}`, event: i % 2 ? 'case.refused' : 'case.accepted', case_id: `case_${String(i).padStart(12, '0')}`, state: i === 1 ? 'failed' : 'sent', attempts: i === 1 ? 11 : 1, response_code: i === 1 ? 503 : 200, last_error: i === 1 ? 'the server answered' : null, created_at: iso(Date.now() - i * 5 * HOUR), sent_at: i === 1 ? null : iso(Date.now() - i * 5 * HOUR + 2000) }));
  branding = new Map([['org_demo', { name: 'Banque de démonstration', colour: '#0b5d8a', support: { phone: '01 23 45 67 89', email: 'aide@banque.exemple.fr', fr: 'de 9 h à 18 h', en: '9 am to 6 pm' }, return_url: 'https://banque.exemple.fr/retour' }]]);
  trials = [{ org: 'org_demo', id: 'case_trial00001', number: '9900-0001-07', reference: 'essai-1', state: 'accepted', outcome: 'accept', created_at: iso(Date.now() - 2 * HOUR) }];
}

function contrast(hex) {
  const own = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const light = (colour) => colour.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0.05);
  // The page's ground under a sixteenth of the colour.
  const ground = [0xf6, 0xf4, 0xef].map((v, i) => Math.round(v + ((own[i] - v) * 16) / 255));
  return light(ground) / light(own);
}

const STEPS = [['created', 412, 12, 0, 3], ['contact_confirmed', 397, 9, 0, 1], ['identity_declared', 387, 4, 0, 0], ['document_uploaded', 383, 41, 0, 6], ['video_uploaded', 336, 18, 0, 2], ['submitted', 316, 0, 21, 14], ['accepted', 281, 2, 0, 9], ['letter_sent', 270, 3, 0, 60], ['letter_opened', 207, 0, 0, 5], ['activated', 202, 0, 0, 0]];
const CAUSES = [['document_blurred', 19], ['document_glare', 14], ['mrz_uncertain', 9], ['face_too_small', 7], ['no_sound', 5], ['video_too_short', 2]];
const UPTO = [60, 300, 900, 3600, 14400, 43200, 86400, 172800, null];
const times = (counts) => {
  const n = counts.reduce((a, b) => a + b, 0);
  return { n, median: { s: counts[1] > 50 ? 95 : 5400, low: counts[1] > 50 ? 80 : 4100, high: counts[1] > 50 ? 120 : 7900 }, p90: { s: 40000, low: 36000, high: 52000 }, bins: counts.map((count, i) => ({ upto_s: UPTO[i], count })) };
};
const OUTCOMES = [['accept', 'Accepté', 'Accepted', 'Le dossier est accepté, la lettre part.', 'The case is accepted, the letter leaves.', ['submitted', 'processing', 'accepted', 'letter_sent'], ['case.submitted', 'case.accepted', 'case.letter_sent']], ['review', 'À une personne', 'To a person', 'Le dossier attend un contrôleur.', 'The case waits for a reviewer.', ['submitted', 'processing', 'in_review'], ['case.submitted']], ['refuse', 'Refusé', 'Refused', 'Le dossier est refusé.', 'The case is refused.', ['submitted', 'processing', 'refused'], ['case.submitted', 'case.refused']], ['retake', 'À refaire', 'Retake', 'De nouvelles images sont demandées.', 'New pictures are asked for.', ['submitted', 'processing', 'retake_asked'], ['case.submitted', 'case.retake_asked']]];
const EVENTS = ['*', 'case.submitted', 'case.accepted', 'case.refused', 'case.retake_asked', 'case.letter_sent', 'case.activated'];
const SCOPES = ['cases:read', 'cases:write', 'webhooks:manage'];

const SEE = ['operator', 'senior', 'administrator', 'auditor'];
const LOOK = ['operator', 'administrator', 'auditor'];
const RUN = ['operator', 'administrator'];
const ADMIN = ['administrator'];
export const hasOutbox = () => outbox;

/** Their routes, as the console's mock wants them. */
export function boardRoutes(refuse, note) {
  const invalid = (pointer, code) => refuse(422, 'invalid', { errors: [{ pointer, code, detail: '' }] });
  const org = (wanted) => orgs.find((one) => one.id === wanted) ?? refuse(404, 'not_found');
  const orgItem = (one) => ({ ...one, keys: keys.filter((key) => key.org === one.id && key.state === 'valid').length, webhooks: hooks.filter((hook) => hook.org === one.id && hook.enabled).length });
  const keyItem = ({ org: _, ...one }) => one;
  const hook = (wanted) => hooks.find((one) => one.id === wanted) ?? refuse(404, 'not_found');
  const hookItem = (who, { org: _, ...one }) => {
    const own = sent.filter((d) => d.hook === one.id);
    const whole = who.roles.includes('administrator');
    return { ...one, url: whole ? one.url : `${new URL(one.url).origin}/…`, url_hidden: !whole, pending: own.filter((d) => d.state === 'pending').length, failed: own.filter((d) => d.state === 'failed').length, last_sent_at: own.find((d) => d.sent_at)?.sent_at ?? null };
  };
  const delivery = ({ hook: _, ...one }) => one;
  const makeKey = (orgId, { name, scopes, sandbox, days }) => {
    const made = { org: orgId, id: id('key_'), name, scopes, sandbox, created_at: iso(Date.now()), expires_at: days ? iso(Date.now() + days * DAY) : null, revoked_at: null, last_used_at: null, state: 'valid' };
    keys.unshift(made);
    return [201, { key: keyItem(made), secret: `idp_${sandbox ? 'test' : 'live'}_${randomBytes(24).toString('base64url')}` }];
  };
  const settings = (orgId) => {
    const found = branding.get(orgId) ?? { name: null, colour: null, support: { phone: null, email: null, fr: null, en: null }, return_url: null };
    return { ...found, contrast: found.colour ? contrast(found.colour) : null, minimum_contrast: 4.5 };
  };
  return [
    ['GET /dashboards/funnel', SEE, (who, _, q) => {
      const few = q.get('sandbox') === 'true';
      const of = few ? 3 : 412;
      return { since: iso(Date.now() - Number(q.get('days') ?? 30) * DAY), time_zone: 'Europe/Paris', smallest: 5, started: of, steps: STEPS.map(([step, n, dropped, refused, open], i) => ({ step, reached: few ? share(0, 3) : share(n, 412), passed: i === 0 || few ? null : share(n, STEPS[i - 1][1]), dropped: few ? null : dropped, refused: few ? null : refused, open: few ? null : open })), by_day: Array.from({ length: Number(q.get('days') ?? 30) }, (_, i) => { const started = few ? 0 : 9 + ((i * 7) % 11); return { day: iso(Date.now() - (Number(q.get('days') ?? 30) - 1 - i) * DAY).slice(0, 10), started, submitted: share(Math.round(started * 0.77), started), accepted: share(Math.round(started * 0.68), started), activated: share(Math.round(started * 0.49), started) }; }), by_organisation: few ? [] : [['org_demo', 'banque', 300, 240, 214, 160], ['org_city', 'ville', 109, 74, 65, 41], ['org_house', 'house', 3, 2, 2, 1]].map(([o, name, n, a, b, c]) => ({ id: o, name, started: n, submitted: share(a, n), accepted: share(b, n), activated: share(c, n) })) };
    }],
    ['GET /dashboards/retakes', SEE, (who, _, q) => (q.get('sandbox') === 'true' ? { since: iso(Date.now()), smallest: 5, verdicts: 2, retakes: share(0, 2), by_person: null, causes: [] } : { since: iso(Date.now() - 30 * DAY), smallest: 5, verdicts: 358, retakes: share(56, 358), by_person: 12, causes: CAUSES.map(([reason, n]) => ({ reason, share: share(n, 56) })) })],
    ['GET /dashboards/decisions', SEE, () => ({ since: iso(Date.now() - 30 * DAY), smallest: 5, within_24h: share(288, 302), all: times([60, 160, 20, 14, 18, 10, 6, 10, 4]), machine: times([60, 158, 9, 0, 0, 0, 0, 0, 0]), person: times([0, 2, 11, 14, 18, 10, 6, 10, 4]) })],
    ['GET /dashboards/deadlines', SEE, () => ({ at: iso(Date.now()), legal_hours: 24, columns: [0, 1, 2, 4, 8, 12, 18, 24], rows: [['submitted', [0, 0, 0, 0, 0, 0, 1, 6]], ['processing', [0, 0, 0, 0, 0, 0, 0, 2]], ['in_review', [1, 0, 2, 1, 3, 4, 4, 3]], ['accepted', [0, 0, 0, 0, 1, 2, 2, 9]]].map(([state, counts]) => ({ state, counts })), totals: [1, 0, 2, 1, 4, 6, 7, 20] })],
    ['GET /dashboards/reviewers', SEE, (who, _, q) => { const n = Number(q.get('hours') ?? 48); const hours = Array.from({ length: n }, (_, i) => { const at = Math.floor(Date.now() / HOUR) - n + 1 + i; const day = (at + 1) % 24 > 7 && (at + 1) % 24 < 19; return { from: iso(at * HOUR), arrived: day ? 3 + (at % 5) : at % 3 ? 0 : 1, decided: day ? 3 + ((at * 3) % 4) : 0, reviewers: day ? 2 : 0 }; }); const sum = (of) => hours.reduce((total, one) => total + one[of], 0); return { since: hours[0].from, waiting: 7, held: 2, second: 1, escalated: 0, overdue: 1, oldest_since: iso(Date.now() - 26 * HOUR), decided: sum('decided'), arrived: sum('arrived'), reviewer_hours: sum('reviewers'), per_reviewer_hour: sum('decided') / sum('reviewers'), hours }; }],
    ['GET /dashboards/versions', SEE, () => ({ since: iso(Date.now() - 7 * DAY), policies: [{ version: '2026-11-1', sha256: 'ab12'.repeat(16), cases: 311, first_at: iso(Date.now() - 6 * DAY), last_at: iso(Date.now() - HOUR), in_force: true }, { version: '2026-10-4', sha256: '77fe'.repeat(16), cases: 22, first_at: iso(Date.now() - 7 * DAY), last_at: iso(Date.now() - 6 * DAY), in_force: false }], reports: 333, models: [['face_recognition', '1'], ['mobilefacenet_foamliu', '2'], ['digits-fr-en', '3']].map(([name, version], i) => ({ name, version, sha256: `c${i}d4`.repeat(16), reports: 330 - i, last_at: iso(Date.now() - HOUR), in_force: true })) })],
    ['GET /dashboards/backlog', SEE, () => ({ at: iso(Date.now()), purge: { overdue: 0, oldest_due: null, due_24h: 14 }, letters: { waiting: 14, at_risk: 1, overdue: 0, under_way: 130, oldest_deposited: iso(Date.now() - 12 * DAY) }, jobs: [{ kind: 'process', ready: 2, leased: 1, parked: 0, oldest_due: iso(Date.now() - 60_000) }, { kind: 'deliver', ready: 0, leased: 0, parked: 1, oldest_due: null }], messages: ['email', 'sms', 'webhook'].flatMap((channel) => ['failed', 'pending'].map((state) => ({ channel, state, count: messages.filter((m) => m.channel === channel && m.state === state).length, oldest: iso(Date.now() - 9 * HOUR) }))).filter((one) => one.count > 0) })],
    ['GET /messages', SEE, (who, _, q) => ({ items: messages.filter((m) => m.state === (q.get('state') || 'failed') && (!q.get('channel') || m.channel === q.get('channel'))), next_cursor: null })],
    ['POST /messages/$/retry', RUN, (who, _, q, [m]) => { const one = messages.find((x) => x.id === m) ?? refuse(404, 'not_found'); if (one.state === 'pending') refuse(409, 'delivery_running'); if (!one.retry) refuse(409, 'invalid_state'); Object.assign(one, { state: 'pending', attempts: 0, retry: false, why_not: 'under_way' }); note('message_retried', who, null, { message: m }); return [202, one]; }],
    ['GET /outbox', RUN, () => (outbox ? { items: [{ id: 'msg_o1', kind: 'email', at: iso(Date.now() - 60_000), to: 'ada@exemple.fr', subject: 'Votre code', text: 'Bonjour,\n\nvotre code est 482 913. Il vaut dix minutes.\n' }, { id: 'msg_o2', kind: 'sms', at: iso(Date.now() - 50_000), to: '+33 6 00 00 00 00', subject: null, text: 'Votre code : 118 204' }, { id: 'let_o3', kind: 'letter', at: iso(Date.now() - DAY), to: 'Ada Exemple, 1 rue du Test, 75001 Paris', subject: null, text: 'Lettre recommandée électronique du dossier 4821-1000-00' }] } : refuse(404, 'not_found'))],
    ['GET /organisations', LOOK, () => ({ items: orgs.map(orgItem) })],
    ['POST /organisations', ADMIN, (who, body) => { if (orgs.some((one) => one.name === body.name)) invalid('/name', 'taken'); if (/\s/.test(body.name)) invalid('/name', 'not_accepted'); const made = { id: id('org_'), name: body.name, own: false, created_at: iso(Date.now()) }; orgs.push(made); return [201, orgItem(made)]; }],
    ['GET /organisations/$/keys', LOOK, (who, _, q, [o]) => ({ scopes: SCOPES, items: keys.filter((key) => key.org === org(o).id).map(keyItem) })],
    ['POST /organisations/$/keys', ADMIN, (who, body, q, [o]) => { org(o); if (!body.name) invalid('/name', 'length'); if (body.scopes.length === 0 || body.scopes.some((s) => !SCOPES.includes(s))) invalid('/scopes', 'not_accepted'); if (body.days !== null && !(body.days >= 1 && body.days <= 3650)) invalid('/days', 'not_accepted'); note('key_created', who, null, { name: body.name }); return makeKey(o, body); }],
    ['POST /keys/$/rotate', ADMIN, (who, body, q, [k]) => { const old = keys.find((key) => key.id === k) ?? refuse(404, 'not_found'); if (!(body.overlap_hours >= 0 && body.overlap_hours <= 720)) invalid('/overlap_hours', 'not_accepted'); if (old.state !== 'valid') refuse(409, 'invalid_state'); Object.assign(old, { state: 'ending', expires_at: iso(Date.now() + body.overlap_hours * HOUR) }); const [status, made] = makeKey(old.org, { ...old, days: null }); return [status, { ...made, replaces: keyItem(old) }]; }],
    ['POST /keys/$/revoke', RUN, (who, _, q, [k]) => { const one = keys.find((key) => key.id === k) ?? refuse(404, 'not_found'); if (one.state === 'revoked') refuse(409, 'invalid_state'); Object.assign(one, { state: 'revoked', revoked_at: iso(Date.now()) }); }],
    ['GET /organisations/$/webhooks', LOOK, (who, _, q, [o]) => ({ events: EVENTS, items: hooks.filter((one) => one.org === org(o).id).map((one) => hookItem(who, one)) })],
    ['POST /organisations/$/webhooks', ADMIN, (who, body, q, [o]) => { org(o); if (!/^https:\/\/[^/]+\.[a-z]/.test(body.url)) refuse(422, 'address_refused'); if (body.events.length === 0) invalid('/events', 'not_accepted'); const made = { org: o, id: id('whe_'), url: body.url, events: body.events, sandbox: body.sandbox, enabled: true, created_at: iso(Date.now()), old_secret_until: null }; hooks.push(made); return [201, { webhook: hookItem(who, made), secret: `whsec_${randomBytes(24).toString('base64')}` }]; }],
    ['PATCH /webhooks/$', ADMIN, (who, body, q, [w]) => hookItem(who, Object.assign(hook(w), body))],
    ['DELETE /webhooks/$', ADMIN, (who, _, q, [w]) => void (hooks = hooks.filter((one) => one !== hook(w)))],
    ['POST /webhooks/$/secret', ADMIN, (who, body, q, [w]) => { if (!(body.overlap_hours >= 0 && body.overlap_hours <= 168)) invalid('/overlap_hours', 'not_accepted'); return { webhook: hookItem(who, Object.assign(hook(w), { old_secret_until: iso(Date.now() + body.overlap_hours * HOUR) })), secret: `whsec_${randomBytes(24).toString('base64')}` }; }],
    ['POST /webhooks/$/test', RUN, (who, _, q, [w]) => { if (!hook(w).enabled) refuse(409, 'invalid_state'); const made = { hook: w, id: id('msg_'), event: 'webhook.test', case_id: null, state: 'pending', attempts: 0, response_code: null, last_error: null, created_at: iso(Date.now()), sent_at: null }; sent.unshift(made); return [202, delivery(made)]; }],
    ['GET /webhooks/$/deliveries', LOOK, (who, _, q, [w]) => ({ items: sent.filter((d) => d.hook === hook(w).id).map(delivery), next_cursor: null })],
    ['POST /webhooks/$/deliveries/$/replay', RUN, (who, _, q, [w, m]) => { const one = sent.find((d) => d.hook === w && d.id === m) ?? refuse(404, 'not_found'); if (one.state === 'pending') refuse(409, 'delivery_running'); Object.assign(one, { state: 'pending', response_code: null, last_error: null }); return [202, delivery(one)]; }],
    ['GET /organisations/$/settings', LOOK, (who, _, q, [o]) => settings(org(o).id)],
    ['PUT /organisations/$/settings', ADMIN, (who, body, q, [o]) => { org(o); if (body.colour && !/^#[0-9a-f]{6}$/i.test(body.colour)) invalid('/colour', 'not_accepted'); if (body.colour && contrast(body.colour) < 4.5) invalid('/colour', 'contrast'); if (!body.support.fr !== !body.support.en) invalid(body.support.fr ? '/support/en' : '/support/fr', 'both_languages'); branding.set(o, body); return settings(o); }],
    ['GET /sandbox/outcomes', LOOK, () => ({ items: OUTCOMES.map(([code, lf, le, mf, me, states, events]) => ({ code, label: { fr: lf, en: le }, meaning: { fr: mf, en: me }, states, events })) })],
    ['GET /sandbox/cases', LOOK, (who, _, q) => ({ items: trials.filter((one) => one.org === q.get('organisation')).map(({ org: _, ...one }) => one) })],
    ['POST /sandbox/cases', RUN, (who, body) => { org(body.organisation); const made = { org: body.organisation, id: id('case_'), number: '9900-0002-14', reference: body.reference, state: 'created', outcome: body.outcome, created_at: iso(Date.now()) }; trials.unshift(made); const { org: _, ...item } = made; return [201, { case: item, continue_url: `https://id.exemple.fr/continue#idc_${randomBytes(24).toString('base64url')}` }]; }],
  ];
}
