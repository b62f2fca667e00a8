import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./types.mjs', import.meta.url));
const description = (property) => ({
  openapi: '3.1.0',
  info: { title: 't', version: '1' },
  paths: {},
  components: { schemas: { Thing: { type: 'object', properties: { [property]: { type: 'string' } } } } },
});

test('stale types are found, fresh ones pass', (t) => {
  const folder = mkdtempSync(`${tmpdir()}/types-`);
  t.after(() => rmSync(folder, { recursive: true }));
  const env = { ...process.env, OPENAPI: `${folder}/openapi.json`, OPENAPI_TYPES: `${folder}/openapi.d.ts` };
  const run = (what) => spawnSync(process.execPath, [SCRIPT, what], { env, encoding: 'utf8' });
  writeFileSync(env.OPENAPI, JSON.stringify(description('before')));
  assert.equal(run('check').status, 1, 'types that were never made');
  assert.equal(run('write').status, 0);
  assert.equal(run('check').status, 0);
  writeFileSync(env.OPENAPI, JSON.stringify(description('after')));
  const stale = run('check');
  assert.equal(stale.status, 1);
  assert.match(stale.stderr, /npm run types/);
});
