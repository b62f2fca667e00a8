// The first screen's weight and the time until it can be used, on a slow phone and a slow network.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { base, browser, PHONE, stopBase, VAR } from './harness.mjs';

after(stopBase);

// WebPageTest's "3G": 1.6 Mbit/s down, 768 kbit/s up, 300 ms there and back.
const NETWORK = { offline: false, latency: 300, downloadThroughput: 1_600_000 / 8, uploadThroughput: 768_000 / 8 };
const MOST_MS = 1500;

test('interactive within 1.5 s on 4× CPU slow-down and 3G', async () => {
  const chrome = await browser();
  const times = [];
  let bytes = 0;
  // The first visit is traced, which slows it: it is kept to be looked at and not counted.
  for (let i = 0; i < 6; i++) {
    // A context of its own each time: nothing is cached.
    const context = await chrome.newContext({ viewport: PHONE, locale: 'fr-FR' });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', NETWORK);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    bytes = 0;
    let counting = true;
    cdp.on('Network.loadingFinished', (e) => counting && (bytes += e.encodedDataLength));
    const button = page.getByRole('button', { name: 'Continuer sans biométrie' });
    if (i === 0) await context.tracing.start({ screenshots: true, snapshots: true });
    await page.goto(await base(), { waitUntil: 'commit' });
    await button.waitFor();
    counting = false;
    // Since navigation began, by the page's own clock; the next frame has been drawn.
    const ready = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now())))));
    // It answers: the click leads on.
    await button.click();
    await page.getByRole('heading', { level: 1, name: 'Être vérifié par une personne' }).waitFor();
    if (i > 0) times.push(Math.round(ready));
    if (i === 0) await context.tracing.stop({ path: `${VAR}speed-trace.zip` });
    await context.close();
  }
  await chrome.close();
  const [, , median] = times.toSorted((a, b) => a - b);
  const note = { times_ms: times, median_ms: median, bytes_until_ready: bytes, network: NETWORK, cpu: '4x' };
  writeFileSync(`${VAR}speed.json`, JSON.stringify(note, null, 2));
  console.log(JSON.stringify(note));
  assert.ok(median <= MOST_MS, `${median} ms`);
});
