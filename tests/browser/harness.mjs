// A real Chromium with cameras and microphones made of files, against the mock service or the real one.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
export const ROOT = here('../../');
export const VAR = `${ROOT}var/browser/`;
export const SCREENS = `${ROOT}var/screens/`;
mkdirSync(VAR, { recursive: true });
mkdirSync(SCREENS, { recursive: true });

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PHONE = { width: 360, height: 740 };
export const COMPUTER = { width: 1280, height: 800 };
const ANDROID =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36';

let real;
/** From now on the pages are those of this address. */
export function use(address) {
  real = address;
}

let mock;
/** Where the pages are; starts the mock service when no other is in use. */
export async function base() {
  if (real) return real;
  mock ??= new Promise((done, fail) => {
    const port = String(20000 + Math.floor(Math.random() * 20000));
    const child = spawn(process.execPath, [`${ROOT}reviewer-ui/mock/server.mjs`, port], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => done({ child, address: `http://127.0.0.1:${port}` }));
    child.once('exit', (code) => fail(new Error(`the mock service ended with ${code}`)));
  });
  return (await mock).address;
}
export async function stopBase() {
  if (mock) (await mock).child.kill();
  mock = undefined;
}

/** A browser whose camera shows `video` and whose microphone hears `audio`; permission is given unless `ask`. */
export function browser({ video, audio, ask = false, args = [] } = {}) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-device-for-media-stream',
      ...(ask ? [] : ['--use-fake-ui-for-media-stream']),
      ...(video ? [`--use-file-for-fake-video-capture=${video}`] : []),
      ...(audio ? [`--use-file-for-fake-audio-capture=${audio}`] : []),
      ...args,
    ],
  });
}

/** A page as an applicant has it: phone or computer, in a language; notes whatever must not happen. */
export async function visit(chrome, { size = PHONE, language = 'fr', path = '/', token, agent, context: more = {}, init } = {}) {
  const phone = size.width < 700;
  const context = await chrome.newContext({
    viewport: size,
    locale: language === 'fr' ? 'fr-FR' : 'en-GB',
    timezoneId: 'Europe/Paris',
    hasTouch: phone,
    isMobile: phone,
    permissions: ['clipboard-read', 'clipboard-write'],
    ...(agent || phone ? { userAgent: agent ?? ANDROID } : {}),
    ...more,
  });
  const address = await base();
  if (token) await context.addInitScript((t) => localStorage.setItem('idproof.token', t), token);
  if (init) await context.addInitScript(init);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // Answers that the page handles are logged by the browser all the same.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR/.test(text)) page.faults.push(`console: ${text}`);
  });
  page.on('request', (request) => {
    if (!/^(blob:|data:)/.test(request.url()) && !request.url().startsWith(address)) page.faults.push(`third party: ${request.url()}`);
  });
  await page.goto(address + path);
  return page;
}

/** The screen with this heading is shown. */
export async function heading(page, text) {
  await page.getByRole('heading', { level: 1, name: text }).waitFor({ timeout: 30_000 });
}

/** What axe finds wrong, in words. */
export async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  return violations.map((v) => `${v.id}: ${v.help} – ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}

/** Text that is cut off, or a page wider than its window. */
export async function cutOff(page) {
  return page.evaluate(() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth + 1) found.push(`page is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.querySelectorAll('h1,h2,p,li,button,dt,dd,label,summary,strong,span')) {
      if (element.closest('.hidden-text') || !element.textContent.trim()) continue;
      const style = getComputedStyle(element);
      if (style.overflow === 'hidden' && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1)
        found.push(`cut: ${element.textContent.slice(0, 40)}`);
      const box = element.getBoundingClientRect();
      if (box.width > 1 && box.right > innerWidth + 1) found.push(`beyond the edge: ${element.textContent.slice(0, 40)}`);
    }
    return found;
  });
}

/** A JSON answer of the service, asked by the test itself. */
export async function call(method, path, body, token) {
  const response = await fetch((await base()) + path, {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}
