/** What the browser is, as far as the way depends on it. */
export interface Device {
  /** Any browser on an iPhone or iPad: all of them are WebKit with its quirks. */
  ios: boolean;
  /** Safari's engine, also on a Mac. */
  webkit: boolean;
  android: boolean;
  firefox: boolean;
  /** Something one holds: phone or tablet. */
  handheld: boolean;
  /** The page runs inside another app. */
  inApp: boolean;
}

const IN_APP =
  /FBAN|FBAV|FB_IAB|Instagram|\bLine\/|MicroMessenger|Snapchat|musical_ly|BytedanceWebview|TikTok|LinkedInApp|Pinterest\/|Twitter for|; wv\)/;

export function describeDevice(agent: string, touchPoints: number): Device {
  // An iPad calls itself a Mac; no Mac has several touch points.
  const ios = /iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && touchPoints > 1);
  const android = /Android/.test(agent);
  const firefox = /Firefox\//.test(agent);
  const webkit = ios || (/AppleWebKit/.test(agent) && !/Chrom(e|ium)|Edg\//.test(agent) && !android);
  // On iOS, Safari and the browsers that stand for themselves name Safari; views inside apps do not.
  const view = ios && /AppleWebKit/.test(agent) && !/Safari\//.test(agent);
  return { ios, webkit, android, firefox, handheld: ios || android, inApp: view || IN_APP.test(agent) };
}

export const device = describeDevice(navigator.userAgent, navigator.maxTouchPoints);

/** Why filming cannot work here whatever the applicant allows; undefined if it can. */
export function cannotFilm(): 'insecure' | 'old-browser' | undefined {
  if (!window.isSecureContext) return 'insecure';
  const has = 'mediaDevices' in navigator && 'MediaRecorder' in window && 'subtle' in crypto;
  return has ? undefined : 'old-browser';
}

/** Megabytes that are only a help are not for this network. */
export function sparing(): boolean {
  const network = (navigator as { connection?: { saveData?: boolean; effectiveType?: string } }).connection;
  return network?.saveData === true || /2g/.test(network?.effectiveType ?? '');
}

/** Which instructions for lifting a block fit this browser. */
export function blockHelp(d: Device = device): 'chromeAndroid' | 'safariIos' | 'firefox' | 'safariMac' | 'desktop' {
  if (d.ios) return 'safariIos';
  if (d.firefox) return 'firefox';
  if (d.android) return 'chromeAndroid';
  return d.webkit ? 'safariMac' : 'desktop';
}
