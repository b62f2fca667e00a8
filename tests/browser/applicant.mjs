// An applicant who uses the service's API alone, to put a case before the reviewers.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const CHUNK = 256 << 10;

/** Opens a case at `service`, without biometrics, so that a person judges it whatever the pictures show; waits until
    it is in review. `said` is added to what is declared, `capture` to what the page reports. */
export async function applicant(service, { front, back, video }, { said = {}, capture = {}, language = 'fr' } = {}) {
  let token;
  const ask = async (method, path, body, bytes) => {
    const response = await fetch(service.address + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(bytes ? { 'content-digest': `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:` } : { 'content-type': 'application/json' }),
      },
      body: bytes ?? (body && JSON.stringify(body)),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  };
  const { consent_version: version } = await ask('GET', '/v1/service');
  const opened = await ask('POST', '/v1/cases', { language });
  token = opened.token;
  const { id, number } = opened.case;
  const on = (what) => `/v1/cases/${id}/${what}`;
  await ask('POST', on('consent'), { version, biometrics: false });
  const phone = `+336${String(BigInt(`0x${createHash('sha256').update(id).digest('hex').slice(0, 12)}`) % 100_000_000n).padStart(8, '0')}`;
  for (const [channel, field, to] of [['email', 'address', `${id}@example.org`], ['phone', 'number', phone]]) {
    await ask('POST', on(channel), { [field]: to });
    let code;
    for (let i = 0; i < 100 && !code; i++) {
      code = service.codes(to).at(-1);
      if (!code) await new Promise((done) => setTimeout(done, 200));
    }
    await ask('POST', on(`${channel}/confirm`), { code });
  }
  await ask('PUT', on('identity'), {
    document_type: 'fr_card', birth_name: 'MARCHEVENT', first_names: ['Alix', 'Anne-Marie'], sex: 'X', birth_date: '1970-01-10',
    birth_place: 'Châteauneuf-du-Pape', birth_country: 'FRA', nationality: 'FRA', document_number: 'SPC00K7M0', ...said,
  });
  const send = async (kind, file, more = {}) => {
    const bytes = readFileSync(file);
    const upload = await ask('POST', on('uploads'), { kind, size: bytes.length, ...more });
    const chunks = Math.ceil(bytes.length / CHUNK);
    for (let n = 0; n < chunks; n++) await ask('PUT', `/v1/uploads/${upload.id}/chunks/${n}`, undefined, bytes.subarray(n * CHUNK, (n + 1) * CHUNK));
    await ask('POST', `/v1/uploads/${upload.id}/complete`, { chunks, capture });
  };
  await send('document_front', front);
  await send('document_back', back);
  const challenge = await ask('POST', on('challenges'), {});
  await send('selfie_video', video, { challenge_id: challenge.id, challenge_token: challenge.token });
  await ask('POST', on('submit'), {});
  const state = async () => (await ask('GET', on('status'))).state;
  const until = async (...wanted) => {
    let now;
    for (let i = 0; i < 300; i++) {
      now = await state();
      if (wanted.includes(now)) return now;
      await new Promise((done) => setTimeout(done, 200));
    }
    throw new Error(`${number} is ${now}, not ${wanted}`);
  };
  await until('in_review');
  return { id, number, state, until };
}
