// The real service, `idproof all`, in a directory of its own: database, keys, media and outbox begin empty.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { ROOT, VAR } from './harness.mjs';

const TARGET = process.env.CARGO_TARGET_DIR ?? `${ROOT}target`;
const PROGRAM = process.env.IDPROOF ?? `${TARGET}/release/idproof`;
const MODELS = process.env.IDPROOF_MODELS_DIR ?? `${ROOT}var/models`;

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
    server.once('error', fail);
  });
}

/** `more` are settings beyond the usual ones, as environment variables. */
export async function startService(more = {}) {
  for (const [file, what] of [[PROGRAM, 'make build'], [`${MODELS}/blazeface.onnx`, 'make models']]) {
    if (!existsSync(file)) throw new Error(`${file} is not there: run \`${what}\``);
  }
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  mkdirSync(`${VAR}service`, { recursive: true });
  const cwd = mkdtempSync(`${VAR}service/run-`);
  const env = {
    ...process.env,
    IDPROOF_MODELS_DIR: MODELS,
    IDPROOF_MODELS_REPOSITORY: `${ROOT}models`,
    IDPROOF_HTTP_LISTEN: `127.0.0.1:${port}`,
    IDPROOF_HTTP_METRICS_LISTEN: `127.0.0.1:${await freePort()}`,
    IDPROOF_HTTP_PUBLIC_URL: address,
    IDPROOF_HTTP_FACE_DETECTOR: `${MODELS}/blazeface.onnx`,
    IDPROOF_ENROLMENT_OPEN: 'true',
    ...more,
  };
  const log = openSync(`${VAR}service.log`, 'w');
  const child = spawn(PROGRAM, ['all'], { cwd, env, stdio: ['ignore', log, log] });
  let ended;
  child.once('exit', (code) => (ended = `the service ended with ${code}: see ${VAR}service.log`));
  for (let i = 0; ; i++) {
    if (ended) throw new Error(ended);
    const there = await fetch(`${address}/v1/service`).then((r) => r.ok, () => false);
    if (there) break;
    if (i > 300) throw new Error(`the service does not answer: see ${VAR}service.log`);
    await new Promise((done) => setTimeout(done, 200));
  }

  /** What the program's command line says to this service's own directory. */
  const run = (...args) => execFileSync(PROGRAM, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] }).toString();

  /** Codes sent to an address, the newest last, as `idproof outbox` shows them. */
  function codes(to) {
    const shown = run('outbox', '--last', '50');
    return shown
      .split(/^--- /m)
      .filter((message) => message.split('\n', 1)[0].includes(` to ${to} `))
      .flatMap((message) => /(?<!\d)\d{3}\s?\d{3}(?!\d)/.exec(message.slice(message.indexOf('\n')))?.[0].replace(/\s/, '') ?? []);
  }

  async function stop() {
    child.kill('SIGTERM');
    if (child.exitCode === null) await new Promise((done) => child.once('exit', done));
    rmSync(cwd, { recursive: true });
  }
  return { address, codes, run, stop };
}
