// A person at the console: signs in, presses keys, looks at what is shown. Against the mock service unless another is in use.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { axe, call, SCREENS, VAR, visit } from './harness.mjs';

mkdirSync(`${VAR}media`, { recursive: true });
export const RECORDING = `${VAR}media/console.webm`;
if (!existsSync(RECORDING)) {
  const voice = `${VAR}media/console-voice.wav`;
  execFileSync('espeak-ng', ['-v', 'fr', '-s', '90', '-w', voice, 'trois … sept … deux']);
  const film = ['-f', 'lavfi', '-i', 'testsrc2=s=640x640:r=25:d=6', '-i', voice, '-af', 'adelay=1200|1200,apad', '-t', '6'];
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...film, '-c:v', 'libvpx', '-b:v', '700k', '-c:a', 'libopus', RECORDING]);
}
process.env.MOCK_VIDEO = RECORDING;

/** A browser of its own that can be killed as a crash would. */
export async function killable() {
  const server = await chromium.launchServer({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  return { chrome: await chromium.connect(server.wsEndpoint()), kill: () => server.process().kill('SIGKILL') };
}

export const DESK = { width: 1440, height: 900 };
export const NAMES = { reviewer: 'ana', second: 'bruno', senior: 'claire', operator: 'omar', auditor: 'audrey', administrator: 'admin' };

/** The mock's console begins anew: `cases` in the queue, and settings of the service. */
export const begin = (how = {}) => call('POST', '/__mock/console/reset', how);
export const cases = () => call('GET', '/__mock/console/cases');

/** Notes in the page when a key went down and when the next case's fields, or its first picture, were drawn. */
export function stopwatch(page) {
  return page.evaluate(() => {
    const watch = { pressed: 0, shown: [], opened: [] };
    window.watch = watch;
    let number = document.querySelector('main.case h1')?.textContent;
    let picture = false;
    addEventListener('keydown', (event) => (watch.pressed = event.timeStamp), { capture: true });
    new MutationObserver(() => {
      const now = document.querySelector('main.case h1')?.textContent;
      if (now && now !== number && document.querySelector('main.case tbody tr')) {
        number = now;
        picture = false;
        const from = watch.pressed;
        requestAnimationFrame(() => setTimeout(() => watch.shown.push(performance.now() - from)));
      }
      const first = picture ? null : document.querySelector('main.case .well img');
      if (first) {
        picture = true;
        const from = watch.pressed;
        void first.decode().then(() => requestAnimationFrame(() => setTimeout(() => watch.opened.push(performance.now() - from))), () => {});
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}
const most = (list, share) => Math.round([...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))]);
/** What `stopwatch` noted so far: milliseconds from the key to the case's fields and to its first picture. */
export async function timesOf(page) {
  const { shown, opened } = await page.evaluate(() => window.watch);
  const figures = (list) => ({ median: most(list, 0.5), p95: most(list, 0.95), most: most(list, 1), of: list.length });
  return { shown, opened, next_ms: figures(shown), picture_ms: figures(opened) };
}

export class Person {
  constructor(page, language) {
    this.page = page;
    this.language = language;
    this.wrong = [];
  }

  /** Opens the console and signs in as one of the mock's people; nothing but the keyboard. */
  static async signIn(chrome, name, { language = 'fr', size = DESK, path = '/console/', context = {} } = {}) {
    const me = new Person(await visit(chrome, { size, language, path, context }), language);
    await me.page.locator('input[autocomplete=username]').waitFor();
    await me.page.locator('input[autocomplete=username]').focus();
    await me.page.keyboard.type(name);
    await me.page.keyboard.press('Tab');
    await me.page.keyboard.type('mock');
    await me.page.keyboard.press('Enter');
    await me.page.locator('input[autocomplete=one-time-code]').waitFor();
    await me.page.locator('input[autocomplete=one-time-code]').focus();
    await me.page.keyboard.type('123456');
    await me.page.keyboard.press('Enter');
    await me.page.locator('header nav').waitFor();
    return me;
  }

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }
  /** The number of the case in view. */
  async number() {
    const heading = this.page.locator('main.case h1');
    await heading.waitFor();
    return /[\d-]{8,}/.exec(await heading.textContent())[0];
  }
  async next() {
    await this.press('n');
    return this.number();
  }
  /** Shows the pictures and gives the blind judgement: the same, very sure. */
  async judge(face = '1', sure = '4') {
    await this.press('x');
    await this.page.locator('.judge button:not([disabled])').first().waitFor();
    await this.press(face, sure);
    await this.page.locator('.given').waitFor();
  }

  /** Axe, truncation and a picture of what is shown; `close` fails where something was wrong. */
  async look(name) {
    await this.page.screenshot({ path: `${SCREENS}console-${name}-${this.language}.png` });
    for (const what of [...(await axe(this.page)), ...(await outside(this.page))]) this.wrong.push(`${name}: ${what}`);
  }
  /** Leaves; fails where something looked at was wrong. */
  async close() {
    await this.page.context().close();
    assert.deepEqual([...this.wrong, ...this.page.faults], []);
  }
}

/** Text that is cut off and a page wider than its window; what scrolls by itself may be wider. */
function outside(page) {
  return page.evaluate(() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth + 1) found.push(`page is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.querySelectorAll('h1,h2,h3,p,li,button,dt,dd,label,th,td,a,summary')) {
      if (element.closest('.hidden-text, .scroll, .cover, .water, .skip') || !element.textContent.trim()) continue;
      if (getComputedStyle(element).overflow === 'hidden' && element.scrollWidth > element.clientWidth + 1) found.push(`cut: ${element.textContent.slice(0, 40)}`);
      const box = element.getBoundingClientRect();
      if (box.width > 1 && (box.right > innerWidth + 1 || box.left < -1)) found.push(`beyond the edge: ${element.textContent.slice(0, 40)}`);
    }
    return found;
  });
}

