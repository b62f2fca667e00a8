import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { captions, instruction } from '../src/capture/instruction.ts';
import { describeInto } from './agents.mjs';
import en from '../src/texts/en.ts';
import enRest from '../src/texts/en.rest.ts';
import fr from '../src/texts/fr.ts';
import frRest from '../src/texts/fr.rest.ts';
import { CAUSES, causes, home, missingSides, reachable, SCREENS } from '../src/lib/way.ts';

const ASKED = { email: true, phone: true };
const CASE = {
  id: 'case_x', number: '1', state: 'created', language: 'fr', attempt: 1, consent: null, email: null, phone: null, identity: null, uploads: [],
};
const contact = (confirmed) => ({ masked: 'a…', confirmed });
const consented = { ...CASE, consent: { version: '1', biometrics: true } };
const contacted = { ...consented, email: contact(true), phone: contact(true), state: 'contact_confirmed' };
const known = { ...contacted, identity: {}, state: 'identity_declared' };

test('home is the first question that is not answered', () => {
  for (const [record, at] of [
    [null, 'start'],
    [CASE, 'start'],
    [consented, 'email'],
    [{ ...consented, email: contact(false) }, 'emailCode'],
    [{ ...consented, email: contact(true) }, 'phone'],
    [{ ...consented, email: contact(true), phone: contact(false) }, 'phoneCode'],
    [contacted, 'type'],
    [known, 'device'],
    [{ ...known, state: 'document_uploaded' }, 'videoIntro'],
    [{ ...known, state: 'video_uploaded' }, 'review'],
    [{ ...known, state: 'submitted' }, 'follow'],
    [{ ...known, state: 'letter_opened' }, 'activation'],
    [{ ...known, state: 'activated' }, 'done'],
    [{ ...known, state: 'expired' }, 'follow'],
  ]) assert.equal(home(record, ASKED), at);
  assert.equal(home(consented, { email: false, phone: false }), 'type', 'only what the service asks');
});

test('no address leads past what is done', () => {
  assert.ok(!reachable('video', contacted, ASKED));
  assert.ok(!reachable('follow', known, ASKED));
  assert.ok(!reachable('email', { ...known, state: 'submitted' }, ASKED));
  assert.ok(reachable('names', contacted, ASKED));
  assert.ok(reachable('letter', { ...known, state: 'letter_sent' }, ASKED));
  for (const screen of ['help', 'manage', 'problem']) assert.ok(reachable(screen, null, ASKED));
  for (const screen of Object.keys(SCREENS)) if (!['start', 'without'].includes(screen)) assert.ok(!reachable(screen, null, ASKED), screen);
});

test('sides still missing', () => {
  const type = { sides: ['front', 'back'] };
  const upload = (kind, state) => ({ id: 'u', kind, state });
  assert.deepEqual(missingSides(known, type), ['front', 'back']);
  assert.deepEqual(missingSides({ ...known, uploads: [upload('document_front', 'complete')] }, type), ['back']);
  assert.deepEqual(missingSides({ ...known, uploads: [upload('document_front', 'receiving')] }, type), ['front', 'back']);
});

test('every reason code of the service has words, and attacks are not taught', () => {
  const source = readFileSync(new URL('../../../pipeline/domain/src/reason.rs', import.meta.url), 'utf8');
  const codes = [...source.matchAll(/^ {4}\w+ = "(\w+)"/gm)].map((m) => m[1]);
  assert.ok(codes.length > 30, 'the table is read');
  for (const code of codes) {
    for (const words of [frRest, enRest]) assert.equal(words.reasons[causes([code])[0]].length, 2, code);
  }
  for (const code of Object.keys(CAUSES)) assert.ok(codes.includes(code), `${code} is no reason of the service`);
  assert.deepEqual(causes(['mrz_not_found', 'mrz_uncertain', 'model_failed']), ['document_unreadable']);
  assert.deepEqual(causes(['model_failed']), ['other']);
  for (const words of [frRest, enRest]) assert.ok(!/photo d’écran|mask|masque|attack|attaque|deepfake/i.test(words.reasons.live.join(' ')));
});

test('both languages have the same keys; French has its no-break spaces', () => {
  const keys = (value, at = '') =>
    value && typeof value === 'object' ? Object.entries(value).flatMap(([k, v]) => keys(v, `${at}.${k}`)) : [`${at}:${typeof value}`];
  assert.deepEqual(keys(en), keys(fr));
  assert.deepEqual(keys(enRest), keys(frRest));
  const texts = (value) => (typeof value === 'string' ? [value] : value && typeof value === 'object' ? Object.values(value).flatMap(texts) : []);
  for (const text of [...texts(fr), ...texts(frRest)]) assert.ok(!/ [:;?!»%]|« /.test(text), text);
  for (const text of [...texts(en), ...texts(enRest)]) assert.ok(!/\u00a0| [:;?!]/.test(text), text);
});

test('instructions and captions', () => {
  const digit = { kind: 'digit', digit: 7, after_ms: 1500 };
  assert.equal(instruction(digit, [], enRest.video), 'Say 7');
  assert.equal(instruction(digit, ['no_speech'], enRest.video), 'Touch 7');
  assert.equal(instruction(digit, ['sign'], frRest.video), 'Signez 7');
  const vtt = captions({ steps: [digit, { ...digit, digit: 2 }], shown: [{ step: 0, at_ms: 1510 }, { step: 1, at_ms: 3600 }] }, [], enRest.video);
  assert.match(vtt, /^WEBVTT\n\n00:00:01\.510 --> 00:00:03\.600\nOn screen: Say 7\n\n00:00:03\.600 --> 00:00:06\.600/);
});

test('browsers are told apart by what matters', async () => {
  await describeInto(assert);
});
