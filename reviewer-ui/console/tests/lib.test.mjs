import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain, verdictOf } from '../src/lib/compare.ts';
import { allowed, decisionOf, needsSecond, problemOf } from '../src/lib/decision.ts';
import { marksOf, neighbour } from '../src/lib/film.ts';
import { pressed } from '../src/lib/keys.ts';
import { byKey, scaled } from '../src/lib/place.ts';
import { boxesOf, marked, rangeIn, stretchOf } from '../src/lib/places.ts';
import { bandOf, bandsOf } from '../src/lib/scale.ts';
import { peaks } from '../src/lib/sound.ts';
import { signsOf } from '../src/lib/signs.ts';
import { filmOf, otherTracks, seen, stretches } from '../src/lib/track.ts';

const field = (declared, zone, print = null, agrees = null) => ({ name: 'x', declared, zone, print, agrees });

test('a field agrees, differs, or was not compared', () => {
  assert.equal(plain('Élise-Œuvre ß'), 'ELISEOEUVRESS');
  assert.equal(plain('1970-01-10'), '19700110');
  assert.equal(verdictOf(field('Noël', 'NOEL')), 'agrees');
  assert.equal(verdictOf(field('Noel', 'NOEL', 'NOÈL')), 'agrees');
  assert.equal(verdictOf(field('Noel', 'NOEL', 'NOVEL')), 'differs');
  assert.equal(verdictOf(field('Noel', null)), 'unknown');
  assert.equal(verdictOf(field(null, '', null)), 'unknown');
  // The service knows better where it says something.
  assert.equal(verdictOf(field('Anne', 'ANNE', null, false)), 'differs');
  assert.equal(verdictOf(field('Jean-Baptiste', 'JEAN BAPT', null, true)), 'agrees');
});

const DISTANCE = { unit: 'L2', accept: 0.45, refuse: 0.6, higher_is_better: false, low: 0, high: 1 };
const LIKELIHOOD = { unit: 'p', accept: 0.8, refuse: 0.3, higher_is_better: true, low: 0, high: 1 };

test('a score lies in the band of its scale, exactly at both thresholds', () => {
  assert.deepEqual([0.449, 0.45, 0.4501, 0.6, 0.6001].map((s) => bandOf(DISTANCE, s)), ['accept', 'accept', 'review', 'review', 'refuse']);
  assert.deepEqual([0.8, 0.7999, 0.3, 0.2999].map((s) => bandOf(LIKELIHOOD, s)), ['accept', 'review', 'review', 'refuse']);
  assert.equal(bandOf({ ...LIKELIHOOD, refuse: null }, 0.01), 'review');
});

test('the bands cover the scale without a gap, whichever way it runs', () => {
  for (const scale of [DISTANCE, LIKELIHOOD, { ...DISTANCE, refuse: null }, { ...LIKELIHOOD, refuse: null }]) {
    const bands = bandsOf(scale);
    assert.equal(bands[0].from, 0);
    assert.equal(bands.at(-1).to, 1);
    bands.slice(1).forEach((band, i) => assert.equal(band.from, bands[i].to));
    for (const band of bands) assert.equal(bandOf(scale, (band.from + band.to) / 2), band.kind);
    assert.equal(bands.some((band) => band.kind === 'refuse'), scale.refuse !== null);
  }
});

const CHOICES = { refuse: ['face_mismatch'], retake: [{ code: 'mrz_uncertain', part: 'document' }, { code: 'no_sound', part: 'video' }], escalate: ['face_uncertain'] };
const record = (codes) => ({ choices: CHOICES, machine: { reasons: codes.map((code) => ({ code })) } });

test('a decision begins with what the machine missed only where the applicant must do it again', () => {
  assert.deepEqual(decisionOf(record(['no_sound', 'face_uncertain']), 'retake', 'n'), { kind: 'retake', reasons: ['no_sound'], document: false, video: true, note: 'n' });
  for (const kind of ['accept', 'refuse', 'escalate', 'coercion']) assert.deepEqual(decisionOf(record(['face_mismatch', 'face_uncertain']), kind, '').reasons, [], kind);
  assert.deepEqual(decisionOf({ choices: CHOICES, machine: null }, 'retake', '').reasons, []);
  assert.deepEqual(allowed(record([]), 'coercion'), []);
  assert.deepEqual(allowed(record([]), 'retake'), ['mrz_uncertain', 'no_sound']);
  assert.deepEqual(allowed(record(['no_sound', 'face_uncertain']), 'retake'), ['no_sound', 'mrz_uncertain']);
});

test('a decision without its reason is not sent', () => {
  const draft = (kind, reasons = [], document = false) => ({ kind, reasons, document, video: false, note: '' });
  for (const kind of ['refuse', 'retake', 'escalate']) assert.equal(problemOf(draft(kind)), 'reason', kind);
  for (const kind of ['accept', 'coercion', null]) assert.equal(problemOf(draft(kind)), null);
  assert.equal(problemOf(draft('retake', ['no_sound'])), 'part');
  assert.equal(problemOf(draft('retake', ['no_sound'], true)), null);
});

test('a second person is announced for refusals and for accepting against the machine', () => {
  const on = { two_person_refusal: true, two_person_override: true };
  const off = { two_person_refusal: false, two_person_override: false };
  const judged = (status, outcome = 'review') => ({ machine: { outcome, checks: [{ status }] } });
  assert.equal(needsSecond(judged('passed'), 'refuse', on), true);
  assert.equal(needsSecond(judged('passed'), 'accept', on), false);
  for (const record of [judged('failed'), judged('passed', 'refuse'), { machine: null }, { machine: { outcome: 'review', checks: [] } }]) {
    assert.equal(needsSecond(record, 'accept', on), true);
    assert.equal(needsSecond(record, 'accept', off), false);
    assert.equal(needsSecond(record, 'retake', on), false);
  }
  assert.equal(needsSecond(judged('failed'), 'refuse', off), false);
});

const video = {
  media: 'm', seconds: 4, width: 1, height: 1, has_sound: true, facts: [],
  asked: [{ digit: '3', at_ms: 500 }],
  heard: [{ digit: '3', start_ms: 700, end_ms: 1000, confidence: 0.9 }],
  tracks: [
    { name: 'face_present', unit: '', points: [[0, 1], [1000, 1], [2000, 0], [2500, 2], [3000, 1]] },
    { name: 'cut', unit: '', points: [[2000, 1]] },
    { name: 'lip_sync', unit: 'r', points: [[0, 0.1], [1000, 0.2]] },
  ],
};

test('each sign of an attack names the frame that says most, and whether it is beyond its limit', () => {
  const tracks = [
    { name: 'live_score', unit: 'score', points: [[0, 0.9], [1000, 0.4], [2000, 0.8]] },
    { name: 'periodicity', unit: 'ratio', points: [[500, 1.2], [1500, 2.9]] },
    { name: 'bars', unit: 'sides', points: [[0, 0], [1000, 0]] },
    { name: 'lips', unit: 'of_light', points: [] },
  ];
  const checks = [{ name: 'liveness', threshold: 0.6 }, { name: 'recapture', threshold: 3 }];
  assert.deepEqual(signsOf(tracks, checks), [
    { name: 'live_score', at: 1, value: 0.4, limit: 0.6, beyond: true },
    { name: 'periodicity', at: 1.5, value: 2.9, limit: 3, beyond: false },
    { name: 'bars', at: 0, value: 0, limit: null, beyond: false },
  ]);
  assert.deepEqual(signsOf([], checks), []);
});

test('tracks become stretches, marks and curves', () => {
  assert.deepEqual(stretches([[0, 1], [1000, 1], [2000, 0]], 4), [{ from: 0, to: 2, kind: 'one' }, { from: 2, to: 4, kind: 'none' }]);
  const film = filmOf(video);
  assert.deepEqual(marksOf(film).map((m) => `${m.kind} ${m.at}`), ['asked 0.5', 'heard 0.7', 'cut 2', 'lost 2', 'several 2.5']);
  assert.deepEqual(otherTracks(video).map((t) => t.name), ['lip_sync']);
  const moved = filmOf({ ...video, tracks: [{ name: 'head_yaw', unit: 'degrees', points: [[0, 1], [500, -20]] }], moves: [{ kind: 'head', direction: 'left', at_ms: 250 }], lips: { score: 0.4, lag_ms: 80, seconds: 3 } });
  assert.deepEqual(moved.lanes.yaw, [{ at: 0, value: 1 }, { at: 0.5, value: -20 }]);
  assert.deepEqual(moved.lanes.voice, []);
  assert.deepEqual(marksOf(moved).map((m) => `${m.kind} ${m.at}`), ['turn 0.25', 'asked 0.5', 'heard 0.7']);
  assert.equal(moved.lips.lag, 80);
  const nothing = filmOf({ ...video, heard: null, tracks: null });
  assert.equal(nothing.presence, null);
  assert.deepEqual(nothing.live, []);
  // Not measured is not the same as none.
  assert.deepEqual([nothing.cuts, nothing.document], [null, null]);
  assert.deepEqual(filmOf({ ...video, tracks: [{ name: 'cut', unit: 'cut', points: [] }] }).cuts, []);
});

test('frames in which the document was seen are joined, and a gap between two times it was asked for stays one', () => {
  const points = [[1000, 0], [1200, 1], [1400, 1], [1600, 0], [9000, 1], [9200, 1]];
  assert.deepEqual(seen(points), [
    { from: 1, to: 1.2, seen: false },
    { from: 1.2, to: 1.6, seen: true },
    { from: 1.6, to: 1.8, seen: false },
    { from: 9, to: 9.4, seen: true },
  ]);
  assert.deepEqual(seen([]), []);
  const film = filmOf({ ...video, tracks: [...video.tracks, { name: 'document_shown', unit: 'seen', points: [[0, 1]] }] });
  assert.deepEqual(film.document, [{ from: 0, to: 0.2, seen: true }]);
  assert.deepEqual(otherTracks({ ...video, tracks: [{ name: 'document_shown', unit: 'seen', points }] }), []);
});

test('the jump keys go from mark to mark and stop at the ends', () => {
  const marks = marksOf(filmOf(video));
  assert.equal(neighbour(marks, 0, 1).at, 0.5);
  assert.equal(neighbour(marks, 0.5, 1).at, 0.7);
  assert.equal(neighbour(marks, 2, -1).at, 0.7);
  assert.equal(neighbour(marks, 3.9, 1), undefined);
  assert.equal(neighbour(marks, 0.2, -1), undefined);
});

test('the waveform keeps the loudest sample of each stretch', () => {
  assert.deepEqual(peaks(new Float32Array([0, 0.5, -1, 0.25]), 2), [0.5, 1]);
  assert.deepEqual(peaks(new Float32Array([]), 2), [0, 0]);
  assert.equal(peaks(new Float32Array([3]), 1)[0], 1);
});

test('keys are read by what is printed on them, digits by their place', () => {
  const key = (more) => pressed({ ctrlKey: false, metaKey: false, altKey: false, isComposing: false, code: '', key: '', ...more });
  assert.equal(key({ key: 'A', code: 'KeyQ' }), 'a');
  // A French keyboard gives & where an English one gives 1.
  assert.equal(key({ key: '&', code: 'Digit1' }), '1');
  assert.equal(key({ key: ' ', code: 'Space' }), 'space');
  assert.equal(key({ key: 'a', ctrlKey: true }), null);
  assert.equal(key({ key: 'a', isComposing: true }), null);
});

test('a face is moved and scaled by keys, its middle staying in place', () => {
  const start = { x: 0, y: 0, own: 1 };
  const moved = byKey(start, 'ArrowLeft');
  assert.equal(moved.x, -16);
  const large = scaled(moved, 2);
  assert.deepEqual(large, { own: 2, x: -32, y: 0 });
  assert.equal(scaled(start, 0.1).own, 1);
  assert.equal(scaled(large, 100).own, 12);
  assert.deepEqual(byKey(large, '0'), start);
  assert.equal(byKey(large, 'a'), null);
});

const SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]];

test('a value is found in a row of the zone whatever fillers stand between', () => {
  assert.deepEqual(rangeIn('MARTIN<<MAELYS<GAELLE<<', 'MAELYSGAELLE'), [8, 21]);
  assert.deepEqual(rangeIn('9007138F3002119FRA<<<<', '900713'), [0, 6]);
  assert.equal(rangeIn('MARTIN<<', 'MARTINE'), null);
  assert.equal(rangeIn('MARTIN<<', ''), null);
  assert.deepEqual(stretchOf(SQUARE, 5, 10, 20), [[0.25, 0], [0.5, 0], [0.5, 1], [0.25, 1]]);
});

test('what differs between zone, print and declaration is marked on the picture, the rest is not', () => {
  const printed = (name, agrees) => ({ name, text: 'X', corners: SQUARE, agrees, differs_at: [] });
  const shown = { side: 'front', found: 'outline', outline: null, portrait: SQUARE, zone: [{ text: 'MARTIN<<EVE<<<<<<<<<', corners: SQUARE }], fields: [printed('birth_name', true), printed('first_names', false), printed('sex', null)] };
  const kinds = (identity) => boxesOf(shown, identity).map((b) => `${b.kind} ${b.name} ${b.verdict}`);
  assert.deepEqual(kinds([field('Martin', 'MARTIN')]), ['zone  unknown', 'portrait  unknown', 'field birth_name agrees', 'field first_names differs', 'field sex unknown']);
  const declared = boxesOf(shown, [{ ...field('Martine', 'MARTIN'), name: 'birth_name' }]);
  assert.equal(declared.find((b) => b.name === 'birth_name' && b.kind === 'field').verdict, 'differs');
  // The six letters of the row, a fill of twenty.
  assert.deepEqual(declared.at(-1), { corners: [[0, 0], [0.3, 0], [0.3, 1], [0, 1]], kind: 'zone', verdict: 'differs', name: 'birth_name' });
  assert.deepEqual(marked('ANNE-MARIE', [5, 6]), [{ text: 'ANNE-', off: false }, { text: 'MA', off: true }, { text: 'RIE', off: false }]);
  assert.deepEqual(marked('', [1]), []);
});
