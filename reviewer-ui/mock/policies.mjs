// The policy endpoints in memory: versions with a second person, scores drawn by a fixed formula, replays that count them.
// Texts are judged by the same rules as the service's, as far as the pages show them.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';

const DEFAULT = readFileSync(new URL('../../pipeline/domain/policy/default.toml', import.meta.url), 'utf8');
const sha = (text) => createHash('sha256').update(text).digest('hex');
const iso = (ms) => new Date(ms).toISOString();
const DAY = 86_400_000;
const REQUIRED = ['document_portrait', 'document_mrz', 'document_validity', 'single_face', 'face_match', 'liveness'];

/** Every threshold with what its comments say. */
const CATALOGUE = [...DEFAULT.matchAll(/^# (.+)\n# (.+), (-?[\d.]+) to (-?[\d.]+)\n(\w+) = (-?[\d.]+)$/gm)].map(([, meaning, unit, min, max, key, value]) => ({ key, unit, min: Number(min), max: Number(max), default: Number(value), meaning: { fr: `(fr) ${meaning}`, en: meaning } }));
const PREFIX = [['document_resolution', 'document_quality'], ['document_blur', 'document_quality'], ['document_glare', 'document_quality'], ['document_dark', 'document_quality'], ['document_light', 'document_quality'], ['document_covered', 'document_quality'], ['document_screen', 'document_original'], ['document_copy', 'document_original'], ['document_portrait', 'document_portrait'], ['document_mrz', 'document_mrz'], ['document_minimum', 'document_validity'], ['video', 'video_integrity'], ['single_face', 'single_face'], ['face_width', 'face_match'], ['face_eyes', 'single_face'], ['face_chin', 'single_face'], ['footage', 'footage_seen'], ['answer', 'answer_times'], ['face_match', 'face_match'], ['liveness', 'liveness'], ['face_motion', 'face_motion'], ['continuity', 'face_continuity'], ['recapture', 'recapture'], ['display', 'display_traces'], ['skin', 'face_skin'], ['pulse', 'pulse'], ['layout', 'document_layout'], ['injection', 'injection'], ['head_turn', 'head_movement'], ['document_shown', 'document_shown'], ['speech', 'spoken_digits'], ['lip_sync', 'lip_sync']];
const checkOf = (key) => PREFIX.find(([start]) => key.startsWith(start))?.[1] ?? 'document_quality';
const PAIRS = ['single_face_pass:single_face_fail', ...['face_match', 'liveness', 'face_motion', 'continuity', 'recapture', 'head_turn', 'speech'].map((p) => `${p}_accept:${p}_refuse`)].map((p) => p.split(':'));
const partnerOf = (key) => PAIRS.find((pair) => pair.includes(key))?.find((other) => other !== key) ?? null;
const better = (key) => !key.startsWith('recapture');
function sideOf(key) {
  if (/_accept$|_pass$/.test(key)) return better(key) ? 'accept_from' : 'accept_to';
  if (/_refuse$|_fail$/.test(key)) return better(key) ? 'refuse_below' : 'refuse_above';
  return /_max$|irregular|repeated|frozen|corrections/.test(key) ? 'limit_above' : 'limit_below';
}

let versions, sets, people, organisations;
export function resetPolicies(staff, { older = false } = {}) {
  people = staff;
  organisations = [{ id: 'org_demo', name: 'Banque de démonstration' }, { id: 'org_city', name: 'Ville d’exemple' }];
  versions = [];
  const add = (name, author, state, change, more = {}) => versions.push({ id: `pol_${name.replace(/\W/g, '')}`, name, text: change(DEFAULT.replace('version = "2026-11-1"', `version = "${name}"`)), organisation: null, state, ends_override: false, reason: '', author, created: Date.now() - 5 * DAY, approved_by: null, approved: null, starts: null, withdrawn: null, rolls_back_to: null, shadow: null, claims: [], ...more });
  add('2026-11-2', 'usr_omar', 'withdrawn', (t) => t.replace('document_blur_max = 0.35', 'document_blur_max = 0.9'), { reason: 'Moins de photos floues refaites', withdrawn: { by: 'usr_omar', at: Date.now() - 4 * DAY, reason: 'Trop large' } });
  add('2026-11-3', 'usr_olga', 'drafted', (t) => t.replace('speech_accept = 0.5', 'speech_accept = 0.3'), { reason: 'Les chiffres justes mais hésitants ne demandent plus de relecture', claims: [{ set: 'lab_pad', rate: 'apcer', at_most: 0.01 }], shadow: Date.now() - 3 * DAY });
  add('2026-11-4', 'usr_olga', 'active', (t) => t.replace('document_glare_max = 0.02', 'document_glare_max = 0.03'), { organisation: 'org_city', reason: 'Guichets éclairés par des spots', approved_by: 'usr_omar', approved: Date.now() - 2 * DAY, starts: Date.now() - 2 * DAY });
  // From before the program knew a check.
  if (older) versions.at(-1).missing = ['footage_seen'];
  sets = [
    { id: 'lab_faces', name: 'Visages 2026-11', check: 'face_match', kind: 'comparison', items: 132355, genuine: 810, impostor: 131545, groups: ['femmes', 'hommes'], species: [], sha256: sha('faces'), added_by: who('usr_omar'), added_at: iso(Date.now() - 9 * DAY) },
    { id: 'lab_pad', name: 'Attaques 2026-10', check: 'liveness', kind: 'presentation_attack', items: 320, genuine: 200, impostor: 120, groups: [], species: ['print', 'screen', 'mask'], sha256: sha('pad'), added_by: who('usr_olga'), added_at: iso(Date.now() - 12 * DAY) },
  ];
}
const who = (id) => ({ id, display_name: people.find((one) => one.id === id)?.display_name ?? '' });

/** Scores of 800 cases behind a threshold, always the same. */
function scores(key) {
  const spec = CATALOGUE.find((one) => one.key === key);
  const seed = [...checkOf(key)].reduce((sum, char) => sum + char.charCodeAt(0), 0);
  const other = CATALOGUE.find((one) => one.key === partnerOf(key));
  const [a, b] = other ? [Math.min(spec.default, other.default), Math.max(spec.default, other.default)] : [spec.default, spec.default];
  const wide = Math.max(b - a, Math.abs(spec.default) * 0.5, (spec.max - spec.min) * 0.02);
  const up = ['accept_from', 'refuse_below', 'limit_below'].includes(sideOf(key));
  return Array.from({ length: 800 }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed) * 43758.5453;
    const y = Math.sin((i + 1) * 78.233 + seed) * 12543.1234;
    const [u, v] = [x - Math.floor(x), y - Math.floor(y)];
    const good = i % 16 !== 0;
    const away = (good ? 1.9 * Math.sqrt(u) : -0.8 * u) * wide + 0.3 * wide * (v - 0.5);
    return Math.min(spec.max, Math.max(spec.min, up ? b + away : a - away));
  });
}
function judged(key, value, policy) {
  const side = sideOf(key);
  const t = (k) => policy.thresholds[k] ?? CATALOGUE.find((one) => one.key === k).default;
  const partner = partnerOf(key);
  const [accept, refuse] = partner ? (side.startsWith('accept') ? [t(key), t(partner)] : [t(partner), t(key)]) : [null, null];
  if (accept === null) return (side === 'limit_above' ? value <= t(key) : value >= t(key)) ? 'accept' : 'review';
  const reaches = (limit) => (better(key) ? value >= limit : value <= limit);
  return reaches(accept) ? 'accept' : reaches(refuse) ? 'review' : 'refuse';
}
function histogram(key, policy) {
  const all = scores(key);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const step = (high - low) / 40 || 1;
  const bins = Array.from({ length: 40 }, (_, i) => ({ from: low + i * step, to: low + (i + 1) * step, accept: 0, refuse: 0, review: 0, retake: 0 }));
  all.forEach((value, i) => (bins[Math.min(39, Math.floor((value - low) / step))][i % 97 === 0 ? 'retake' : judged(key, value, policy)] += 1));
  return { low, high, bins, n: all.length, missing: 12, below: 0, above: 0 };
}

class Wrong extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}
/** What the service refuses in a policy, by the same names. */
function judge(text) {
  let raw;
  try {
    raw = parse(text);
  } catch (cause) {
    throw new Wrong('syntax', String(cause.message));
  }
  if (!raw.version) throw new Wrong('no_version', '`version` is empty');
  const known = Object.keys(parse(DEFAULT).checks);
  for (const name of known) {
    if (!raw.checks?.[name]) throw new Wrong('check_missing', `\`checks.${name}\` is missing`);
    if (raw.checks[name].role === 'advisory' && REQUIRED.includes(name)) throw new Wrong('check_must_be_required', `\`checks.${name}.role\` is \`advisory\``);
  }
  const thresholds = raw.thresholds ?? {};
  for (const [key, value] of Object.entries(thresholds)) {
    const spec = CATALOGUE.find((one) => one.key === key);
    if (!spec) throw new Wrong('unknown_threshold', `\`thresholds.${key}\` is unknown`);
    if (value < spec.min || value > spec.max) throw new Wrong('out_of_range', `\`thresholds.${key}\` is ${value}; it must lie in ${spec.min}..=${spec.max} ${spec.unit}`);
  }
  for (const [accept, refuse] of PAIRS) {
    const [a, r] = [thresholds[accept], thresholds[refuse]];
    if (better(accept) ? a < r : a >= r) throw new Wrong('bands_overlap', `\`thresholds.${accept}\` (${a}) and \`thresholds.${refuse}\` (${r}) overlap`);
  }
  return { version: raw.version, checks: raw.checks, thresholds };
}
function diff(from, to) {
  const [a, b] = [judge(from.text), judge(to.text)];
  const items = [];
  for (const { key, unit, meaning } of CATALOGUE) {
    const [x, y] = [a.thresholds[key], b.thresholds[key]];
    if (x === y) continue;
    const lower = ['accept_from', 'refuse_below', 'limit_below'].includes(sideOf(key));
    items.push({ key: `thresholds.${key}`, from: String(x), to: String(y), unit, meaning, check: checkOf(key), looser: lower ? y < x : y > x });
  }
  for (const [name, rule] of Object.entries(b.checks)) {
    const old = a.checks[name];
    if (from.missing?.includes(name) && !to.missing) items.push({ key: `checks.${name}`, from: null, to: `${rule.role}, on_fail ${rule.on_fail}`, unit: null, meaning: null, check: name, looser: false });
    else if (old.role !== rule.role || old.on_fail !== rule.on_fail) items.push({ key: `checks.${name}`, from: `${old.role}, on_fail ${old.on_fail}`, to: `${rule.role}, on_fail ${rule.on_fail}`, unit: null, meaning: null, check: name, looser: old.role === rule.role ? null : rule.role === 'advisory' });
  }
  return { from: { id: from.id, name: from.name }, to: { id: to.id ?? null, name: to.name }, items };
}

const CONFIGURED = { id: 'configured', name: '2026-11-1', text: DEFAULT };
function inForce(organisation) {
  return versions.find((one) => one.state === 'active' && one.organisation === organisation) ?? (organisation ? inForce(null) : CONFIGURED);
}
function support({ set, at_most }) {
  const [errors, of] = set === 'lab_pad' ? [1, 120] : [38, 131545];
  const [low, high] = set === 'lab_pad' ? [0.0002, 0.0456] : [0.000204, 0.000397];
  const reasons = [...(errors < 30 ? ['too_few_errors'] : []), ...(high - low > at_most ? ['interval_too_wide'] : []), ...(high > at_most ? ['not_shown'] : [])];
  return { verdict: reasons.length > 0 ? 'unsupported' : 'supported', reasons, errors, of, rate: errors / of, low, high };
}
function shown(one, viewer) {
  const claims = one.claims.map((claim) => ({ ...claim, set_name: sets.find((set) => set.id === claim.set)?.name ?? '', threshold: claim.set === 'lab_pad' ? 'liveness_accept' : 'face_match_accept', value: 7, support: support(claim) }));
  const why = !viewer.roles.includes('operator') ? 'role_missing' : one.state !== 'drafted' ? 'policy_state' : one.author === viewer.id ? 'same_person' : claims.some((c) => c.support.verdict === 'unsupported') ? 'claim_unsupported' : null;
  return { id: one.id, name: one.name, sha256: sha(one.text), organisation: one.organisation, state: one.state, ends_override: one.ends_override, reason: one.reason, author: who(one.author), created_at: iso(one.created), approved_by: one.approved_by && who(one.approved_by), approved_at: one.approved && iso(one.approved), starts_at: one.starts && iso(one.starts), withdrawn_by: one.withdrawn && who(one.withdrawn.by), withdrawn_at: one.withdrawn && iso(one.withdrawn.at), withdrawn_reason: one.withdrawn?.reason ?? null, rolls_back_to: one.rolls_back_to, shadow: one.shadow !== null && !['active', 'superseded'].includes(one.state), shadow_since: one.shadow && iso(one.shadow), claims, may_approve: why === null, why_not: why, changes: ['drafted', 'scheduled'].includes(one.state) ? diff(inForce(one.organisation), one).items.length : null, missing: one.missing ?? [] };
}

const wilson = (k, n) => {
  if (n === 0) return { count: k, of: n, low: null, high: null };
  const [z, p] = [1.96, k / n];
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return { count: k, of: n, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
};
const ratio = (name, errors, of) => ({ name, errors, of, rate: of ? errors / of : null, low: wilson(errors, of).low, high: wilson(errors, of).high, wilson: [0, 1], few: errors < 30 });

/** What every case comes to, the worst of its checks; and why. */
function outcomes(text) {
  const policy = judge(text);
  const keys = CATALOGUE.map((one) => one.key).filter((key) => sideOf(key) !== 'refuse_below' && sideOf(key) !== 'refuse_above' && ['liveness', 'face_match', 'spoken_digits', 'document_quality'].includes(checkOf(key)) && policy.checks[checkOf(key)].role === 'required');
  const columns = keys.map((key) => scores(key).map((value, i) => (i % 16 === 0 && (i / 16) % keys.length !== keys.indexOf(key) ? 'accept' : judged(key, value, policy))));
  return Array.from({ length: 800 }, (_, i) => {
    const found = keys.map((key, k) => ({ check: checkOf(key), is: columns[k][i] }));
    const worst = ['refuse', 'review', 'accept'].find((kind) => found.some((one) => one.is === kind));
    return { outcome: i % 97 === 0 ? 'retake' : worst, found };
  });
}
const STATUS = { accept: 'passed', review: 'borderline', refuse: 'failed' };
function replayed(text, name, against) {
  const [before, after] = [outcomes(against.text), outcomes(text)];
  const shares = (list) => Object.fromEntries(['accept', 'review', 'refuse', 'retake'].map((kind) => [kind, wilson(list.filter((one) => one.outcome === kind).length, 800)]));
  const flips = after.flatMap((one, i) => {
    if (one.outcome === before[i].outcome) return [];
    const by = one.found.flatMap((f, k) => (f.is === before[i].found[k]?.is ? [] : [{ check: f.check, from: STATUS[before[i].found[k]?.is ?? 'review'], to: STATUS[f.is] }]));
    return [{ case: `case_${String(i).padStart(12, '0')}`, attempt: 1, at: iso(Date.now() - i * 3_100_000), from: before[i].outcome, to: one.outcome, by }];
  });
  const moved = flips.flatMap((one) => one.by);
  const checks = [...new Set(moved.map((one) => one.check))].map((check) => ({ check, before: {}, after: {}, moves: [...new Set(moved.filter((m) => m.check === check).map((m) => `${m.from} ${m.to}`))].map((pair) => ({ from: pair.split(' ')[0], to: pair.split(' ')[1], cases: moved.filter((m) => m.check === check && `${m.from} ${m.to}` === pair).length })) }));
  const policy = judge(text);
  const old = judge(against.text);
  return { name, against: { id: against.id, name: against.name }, cases: 800, without_scores: 14, unreadable: 0, since: iso(Date.now() - 29 * DAY), until: iso(Date.now()), took_ms: 31, before: shares(before), after: shares(after), recorded: { accept: 690, review: 80, refuse: 21, retake: 9 }, changed: flips.length, checks, cases_that_change: flips.slice(0, 500), cases_that_change_left_out: Math.max(0, flips.length - 500), per_day: { before: before.filter((o) => o.outcome === 'review').length / 29, after: after.filter((o) => o.outcome === 'review').length / 29 }, labelled: measured(old, policy), diff: diff(against, { id: null, name, text }) };
}
function measured(old, policy) {
  const at = (t) => ({ threshold: t, false_accept: ratio('fmr', Math.round(131545 * 10 ** (-1.4 - t * 0.32)), 131545), false_reject: ratio('fnmr', Math.round(810 * Math.min(1, 0.02 + 0.0022 * (t + 2) ** 2)), 810), false_refuse: ratio('fnmr', 4, 810), species: [] });
  const pad = (t) => ({ threshold: t, false_accept: ratio('apcer', Math.max(0, Math.round(6 - t * 8)), 40), false_reject: ratio('bpcer', Math.round(60 * t), 200), false_refuse: null, species: ['print', 'screen', 'mask'].map((name, i) => ({ name, false_accept: ratio('apcer', Math.max(0, Math.round(2 + 2 * i - t * 8)), 40) })) });
  const det = Array.from({ length: 60 }, (_, i) => ({ threshold: i / 4 - 2, false_accept: 10 ** (-1.4 - (i / 4 - 2) * 0.32), false_reject: Math.min(0.99, 0.02 + 0.0022 * (i / 4) ** 2) }));
  const pads = Array.from({ length: 40 }, (_, i) => ({ threshold: i / 40, false_accept: 0.9 * (1 - i / 40) ** 3 + 0.01, false_reject: 0.002 + 0.5 * (i / 40) ** 2 }));
  const [fa, la] = [policy.thresholds.face_match_accept, policy.thresholds.liveness_accept];
  const group = (g, f) => ({ group: g, after: { ...at(fa), false_accept: ratio('fmr', Math.round(60 * f), 65000), false_reject: ratio('fnmr', Math.round(60 * f), 400) } });
  return [
    { set: 'lab_faces', name: 'Visages 2026-11', check: 'face_match', kind: 'comparison', accept: { key: 'face_match_accept', before: old.thresholds.face_match_accept, after: fa }, refuse: { key: 'face_match_refuse', before: old.thresholds.face_match_refuse, after: policy.thresholds.face_match_refuse }, higher_is_better: true, before: at(old.thresholds.face_match_accept), after: at(fa), det, floor: { false_accept: 3 / 131545, false_reject: 3 / 810 }, groups: [group('femmes', 1.4), group('hommes', 0.6)], group_gap: { false_accept: { worst: 'femmes', best: 'hommes', ratio: 2.3, distinguishable: true }, false_reject: { worst: 'femmes', best: 'hommes', ratio: 1.1, distinguishable: false } }, notes: [] },
    { set: 'lab_pad', name: 'Attaques 2026-10', check: 'liveness', kind: 'presentation_attack', accept: { key: 'liveness_accept', before: old.thresholds.liveness_accept, after: la }, refuse: null, higher_is_better: true, before: pad(old.thresholds.liveness_accept), after: pad(la), det: pads, floor: { false_accept: 3 / 40, false_reject: 3 / 200 }, groups: [], group_gap: { false_accept: null, false_reject: null }, notes: ['few_false_accepts', 'people_unknown'] },
  ];
}

const READ = ['operator', 'senior', 'auditor'];
const WRITE = ['operator'];
/** Their routes, as the console's mock wants them. */
export function policyRoutes(refuse, note) {
  const wrongText = (text) => {
    try {
      return judge(text);
    } catch (cause) {
      if (!(cause instanceof Wrong)) throw cause;
      return refuse(422, 'invalid', { errors: [{ pointer: '/text', code: cause.code, detail: cause.message }] });
    }
  };
  const find = (id) => versions.find((one) => one.id === id) ?? refuse(404, 'not_found');
  const any = (id) => (id === 'configured' ? CONFIGURED : find(id));
  const labelled = (one, reason) => (!reason || reason.length < 3 ? refuse(422, 'invalid', { errors: [{ pointer: '/reason', code: 'empty' }] }) : one);
  return [
    ['GET /policies', READ, (viewer) => ({ configured: { name: CONFIGURED.name, sha256: sha(DEFAULT), text: DEFAULT }, organisations, in_force: [null, ...organisations.map((org) => org.id)].flatMap((org) => { const one = org === null ? inForce(null) : versions.find((v) => v.state === 'active' && v.organisation === org && !v.ends_override); return one ? [{ organisation: org, version: one.id === 'configured' ? null : one.id, name: one.name, since: one.approved ? iso(one.approved) : null }] : []; }), items: versions.map((one) => shown(one, viewer)).reverse() })],
    ['GET /policies/thresholds', READ, (viewer, _, q) => { const active = inForce(q.get('organisation') || null); const policy = judge(active.text); return { organisation: q.get('organisation'), since: iso(Date.now() - Number(q.get('days')) * DAY), cases: 812, policy: { id: active.id, name: active.name }, items: CATALOGUE.map((one) => ({ ...one, check: checkOf(one.key), value: policy.thresholds[one.key], side: sideOf(one.key), higher_is_better: better(one.key), partner: partnerOf(one.key), ...policy.checks[checkOf(one.key)], histogram: one.key.startsWith('document_shown') ? { low: 0, high: 1, bins: [], n: 0, missing: 812, below: 0, above: 0 } : histogram(one.key, policy), quantiles: null })) }; }],
    ['GET /policies/drift', READ, (viewer, _, q) => ({ recent: { from: iso(Date.now() - 7 * DAY), to: iso(Date.now()), cases: 180 }, reference: { from: iso(Date.now() - 35 * DAY), to: iso(Date.now() - 7 * DAY), cases: 2400 }, items: [['liveness', 0.31, 0.22, 0.0001, 'alarm', 3], ['face_match', 0.04, 0.06, 0.41, 'steady', 0], ['spoken_digits', 0.14, 0.15, 0.004, 'watch', 1], ['document_shown', null, null, null, 'too_few', 0]].slice(...({ org_demo: [0, 2], org_city: [0, 0] }[q.get('organisation')] ?? [0])).map(([check, psi, ks, p, state, shift]) => ({ check, recent: state === 'too_few' ? 20 : 180, reference: 2400, missing_recent: state === 'watch' ? 4 : 0, missing_reference: 0, psi, ks, p, state, bins: state === 'too_few' ? [] : Array.from({ length: 8 }, (_, i) => ({ to: i === 7 ? null : Math.round((0.5 + i * 0.07) * 100) / 100, recent: Math.max(2, 40 - 8 * Math.abs(i - 5 + shift)), reference: 300 + (i === 5 ? 100 : 0) - 40 * Math.abs(i - 5) })) })) })],
    ['GET /policies/labelled', READ, () => ({ items: sets })],
    ['POST /policies/labelled', WRITE, (viewer, body) => { if (body.format !== 'idproof-labelled-1') refuse(422, 'invalid', { errors: [{ pointer: '/format', code: 'not_accepted' }] }); const made = { id: `lab_${randomBytes(5).toString('hex')}`, name: body.name, check: body.check, kind: body.kind, items: body.items.length, genuine: body.items.filter((i) => ['genuine', 'bona_fide'].includes(i.label)).length, impostor: body.items.filter((i) => ['impostor', 'attack'].includes(i.label)).length, groups: [], species: [], sha256: sha(JSON.stringify(body)), added_by: who(viewer.id), added_at: iso(Date.now()) }; sets.push(made); return [201, made]; }],
    ['DELETE /policies/labelled/$', WRITE, (viewer, _, q, [id]) => void (sets = sets.filter((set) => set.id !== id))],
    ['POST /policies/check', READ, (viewer, body) => { const policy = wrongText(body.text); return { name: policy.version, sha256: sha(body.text), diff: diff(inForce(body.organisation ?? null), { id: null, name: policy.version, text: body.text }), name_taken: policy.version === CONFIGURED.name || versions.some((one) => one.name === policy.version) }; }],
    ['POST /policies/replay', READ, (viewer, body) => { const text = body.text ?? any(body.version).text; const policy = wrongText(text); return replayed(text, policy.version, inForce(body.organisation ?? null)); }],
    ['POST /policies', WRITE, (viewer, body) => {
      labelled(null, body.reason);
      const text = body.roll_back_to ? any(body.roll_back_to).text.replace(/^version = .*$/m, `version = "${body.name}"`) : body.end_override ? DEFAULT.replace(/^version = .*$/m, `version = "${body.name}"`) : body.text;
      const policy = wrongText(text);
      if (versions.some((one) => one.name === policy.version)) refuse(422, 'invalid', { errors: [{ pointer: '/text', code: 'name_taken', detail: `\`version\` ${policy.version} is taken` }] });
      if (body.starts_at && Date.parse(body.starts_at) < Date.now()) refuse(422, 'invalid', { errors: [{ pointer: '/starts_at', code: 'not_accepted' }] });
      const made = { id: `pol_${randomBytes(6).toString('hex')}`, name: policy.version, text, organisation: body.organisation ?? null, state: 'drafted', ends_override: Boolean(body.end_override), reason: body.reason, author: viewer.id, created: Date.now(), approved_by: null, approved: null, starts: body.starts_at ? Date.parse(body.starts_at) : null, withdrawn: null, rolls_back_to: body.roll_back_to ?? null, shadow: null, claims: body.claims ?? [] };
      versions.push(made);
      note('policy_drafted', viewer, null, { version: made.name });
      return [201, shown(made, viewer)];
    }],
    ['POST /policies/$/approve', WRITE, (viewer, body, q, [id]) => {
      const one = find(id);
      if (one.state !== 'drafted') refuse(409, 'policy_state');
      if (one.author === viewer.id) refuse(403, 'same_person');
      if (shown(one, viewer).why_not === 'claim_unsupported') refuse(409, 'claim_unsupported');
      if (body.sha256 !== sha(one.text)) refuse(422, 'invalid', { errors: [{ pointer: '/sha256', code: 'not_accepted' }] });
      Object.assign(one, { approved_by: viewer.id, approved: Date.now(), starts: one.starts ?? Date.now() });
      if (one.starts > Date.now()) one.state = 'scheduled';
      else {
        for (const old of versions) if (old.state === 'active' && old.organisation === one.organisation) old.state = 'superseded';
        one.state = one.ends_override ? 'superseded' : 'active';
      }
      note('policy_approved', viewer, null, { version: one.name });
      return shown(one, viewer);
    }],
    ['POST /policies/$/withdraw', WRITE, (viewer, body, q, [id]) => { const one = find(id); if (!['drafted', 'scheduled'].includes(one.state)) refuse(409, 'policy_state'); labelled(null, body.reason); Object.assign(one, { state: 'withdrawn', withdrawn: { by: viewer.id, at: Date.now(), reason: body.reason } }); return shown(one, viewer); }],
    ['POST /policies/$/shadow', WRITE, (viewer, body, q, [id]) => { const one = find(id); if (['active', 'withdrawn'].includes(one.state)) refuse(409, 'policy_state'); if (body.on) for (const other of versions) if (other.organisation === one.organisation) other.shadow = null; one.shadow = body.on ? Date.now() : null; return shown(one, viewer); }],
    ['GET /policies/$/agreement', READ, (viewer, _, q, [id]) => ({ version: { id, name: find(id).name }, since: iso(Date.now() - 3 * DAY), cases: 400, same: 391, table: [{ active: 'accept', shadow: 'accept', cases: 330 }, { active: 'review', shadow: 'review', cases: 49 }, { active: 'refuse', shadow: 'refuse', cases: 12 }, { active: 'review', shadow: 'accept', cases: 7, examples: ['case_000000000016', 'case_000000000033'] }, { active: 'accept', shadow: 'review', cases: 2, examples: ['case_000000000071'] }], agreement: wilson(391, 400) })],
    ['GET /policies/$/diff', READ, (viewer, _, q, [id]) => diff(any(q.get('against')), any(id))],
    ['GET /policies/$', READ, (viewer, _, q, [id]) => { if (id === 'configured') return { id, name: null, text: DEFAULT, completed: null, diff: null, state: null, claims: null, sha256: null, organisation: null, rolls_back_to: null, shadow: null }; const one = find(id); return { ...shown(one, viewer), text: one.text, completed: one.missing ? one.text : null, diff: diff(inForce(one.organisation), one) }; }],
  ];
}
