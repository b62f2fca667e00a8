// The module looks at the browser when it is loaded; here there is none but this.
globalThis.navigator ??= {};
Object.defineProperty(globalThis, 'navigator', { value: { userAgent: '', maxTouchPoints: 0 }, configurable: true });

const AGENTS = [
  ['iPhone Safari', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1', 5, { ios: true, webkit: true, handheld: true, inApp: false }, 'safariIos'],
  ['iPad as a Mac', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15', 5, { ios: true, handheld: true, inApp: false }, 'safariIos'],
  ['Mac Safari', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15', 0, { ios: false, webkit: true, handheld: false }, 'safariMac'],
  ['Android Chrome', 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Mobile Safari/537.36', 5, { android: true, webkit: false, handheld: true, inApp: false }, 'chromeAndroid'],
  ['Android view', 'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/150.0.0.0 Mobile Safari/537.36', 5, { android: true, inApp: true }, 'chromeAndroid'],
  ['Facebook on iPhone', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS]', 5, { ios: true, inApp: true }, 'safariIos'],
  ['Edge', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0', 0, { webkit: false, handheld: false, inApp: false }, 'desktop'],
  ['Firefox', 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 0, { firefox: true, webkit: false, inApp: false }, 'firefox'],
];

export async function describeInto(assert) {
  const { blockHelp, describeDevice } = await import('../src/lib/device.ts');
  for (const [name, agent, touch, wanted, help] of AGENTS) {
    const seen = describeDevice(agent, touch);
    for (const [key, value] of Object.entries(wanted)) assert.equal(seen[key], value, `${name}: ${key}`);
    assert.equal(blockHelp(seen), help, name);
  }
}
