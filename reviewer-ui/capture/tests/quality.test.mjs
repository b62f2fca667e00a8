import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { light } from '../src/capture/light.ts';
import { surface } from '../src/capture/measures.ts';
import { area, outline, skew } from '../src/capture/outline.ts';
import { doubts, hint } from '../src/capture/quality.ts';
import { HINT_MS, Shutter, STEADY_MS } from '../src/capture/shutter.ts';
import { CARD, resolution, straighten } from '../src/capture/straighten.ts';

// Held against the service's own measures and the policy that ships by its test `surface.rs`.
const SHARED = JSON.parse(readFileSync(new URL('../../../pipeline/worker/tests/quality.json', import.meta.url), 'utf8'));
const LIMITS = SHARED.limits;
const flat = (width, height, at) => {
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(at(x, y), (y * width + x) * 3);
  return { width, height, data };
};
const grey = (v) => [v, v, v];

/** The pictures of quality.json; the service's test makes the same. */
const print = (x, y) => (x * 7 + y * 11) % 5 < 2;
/** Seen while the camera moves along a diagonal. */
const block = (x, y) => ((x * x * 7 + y * y * 13 + x * y * 5) % 11 < 4 ? 1 : 0);
const ink = (x, y) => block(Math.floor(x / 3), Math.floor(y / 4));
const moved = (x, y) => 220 - 15 * [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].reduce((s, k) => s + ink(x + k, y + k), 0);
const PICTURES = {
  print: (x, y) => grey(print(x, y) ? 30 : 220),
  smooth: (x, y) => {
    const v = 60 + Math.abs(((x * 2 + y) % 160) - 80);
    return [v, v - 10, v + 20];
  },
  soft_print: (x, y) => grey(90 + 20 * Math.abs(((x + 3 * y) % 12) - 6)),
  moved: (x, y) => grey(moved(x, y)),
  lamp: (x, y) => grey((x - 40) ** 2 + (y - 30) ** 2 < 300 ? 255 : print(x, y) ? 40 : 190),
  dark: (x, y) => grey(print(x, y) ? 5 : 70),
  bright: (x, y) => grey(print(x, y) ? 170 : 248),
};

test('the page measures what the service measures', () => {
  assert.deepEqual(SHARED.pictures.map((p) => p.name), Object.keys(PICTURES));
  for (const { name, blur, glare, dark_end, light_end } of SHARED.pictures) {
    const seen = surface(flat(SHARED.width, SHARED.height, PICTURES[name]));
    assert.ok(Math.abs(seen.blur - blur) < 1e-5, `${name}: ${seen.blur}`);
    assert.ok(Math.abs(seen.glare - glare) < 1e-5, `${name}: ${seen.glare}`);
    assert.deepEqual([seen.darkEnd, seen.lightEnd], [dark_end, light_end], name);
  }
});

/** The measures written down again, slowly and from the definition alone. */
function slowBlur({ width, height, data }) {
  const luma = (x, y) => {
    const p = (y * width + x) * 3;
    return 0.299 * data[p] + 0.587 * data[p + 1] + 0.114 * data[p + 2];
  };
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height;
  const along = (dx, dy, half) => {
    let d = 0;
    let kept = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (k) => luma(x + k * dx, y + k * dy);
        const mean = (i) => [...Array(2 * half + 1).keys()].reduce((s, k) => s + at(i - half + k), 0) / (2 * half + 1);
        if (!inside(x + half * dx, y + half * dy) || !inside(x - (half + 1) * dx, y - (half + 1) * dy)) continue;
        const own = Math.abs(at(0) - at(-1));
        d += own;
        kept += Math.max(0, own - Math.abs(mean(0) - mean(-1)));
      }
    }
    return d > 0 ? 1 - kept / d : 1;
  };
  return Math.max(along(1, 0, 4), along(0, 1, 4), along(1, 1, 3), along(-1, 1, 3));
}

test('blur is as defined, low for fine print and high for what is smooth', () => {
  const sharp = flat(60, 40, PICTURES.print);
  const shaken = flat(60, 40, PICTURES.moved);
  const smooth = flat(60, 40, (x, y) => grey(128 + 60 * Math.sin(x / 12) + 40 * Math.sin(y / 11)));
  for (const picture of [sharp, shaken, smooth]) assert.ok(Math.abs(surface(picture).blur - slowBlur(picture)) < 1e-3);
  assert.ok(surface(sharp).blur < LIMITS.blur_max, `${surface(sharp).blur}`);
  assert.ok(surface(shaken).blur > LIMITS.blur_max, `${surface(shaken).blur}`);
  assert.ok(surface(smooth).blur > 0.8, `${surface(smooth).blur}`);
  assert.equal(surface(flat(60, 40, () => grey(80))).blur, 1);
});

test('glare counts only what is burnt all round', () => {
  const lamp = flat(100, 100, (x, y) => (x < 30 && y < 30 ? grey(255) : grey(150)));
  // A corner of 30 × 30 whose 9 × 9 neighbourhoods, cut at the edge, are burnt: 26 × 26.
  assert.equal(surface(lamp).glare, (26 * 26) / 10_000);
  assert.equal(surface(flat(100, 100, (x) => grey(x % 4 === 0 ? 255 : 100))).glare, 0);
  assert.equal(surface(flat(40, 40, () => [255, 255, 200])).glare, 0);
});

test('ends of the tone scale', () => {
  const { darkEnd, lightEnd } = surface(flat(100, 100, (x) => grey(x)));
  assert.deepEqual([darkEnd, lightEnd], [1, 89]);
});

test('the document is cut out upright, and its resolution told', () => {
  const width = 400;
  const height = 300;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x / 2, y / 2, 0, 255], (y * width + x) * 4);
  const corners = [{ x: 20, y: 30 }, { x: 362.4, y: 30 }, { x: 362.4, y: 245.92 }, { x: 20, y: 245.92 }];
  assert.ok(Math.abs(resolution(corners, CARD) - 4) < 1e-6);
  const out = straighten({ width, height, data }, corners, CARD, 4);
  assert.deepEqual([out.width, out.height], [342, 216]);
  const last = out.data.length - 3;
  assert.ok(Math.abs(out.data[0] - 10) <= 1 && Math.abs(out.data[1] - 15) <= 1);
  assert.ok(Math.abs(out.data[last] - 181) <= 1 && Math.abs(out.data[last + 1] - 123) <= 1);
});

/** A light card on a dark table, its corners given. */
function scene(corners) {
  const width = 480;
  const height = 480;
  const data = new Uint8Array(width * height);
  const inside = (x, y) =>
    corners.every((p, i) => {
      const q = corners[(i + 1) % 4];
      return (q.x - p.x) * (y - p.y) - (q.y - p.y) * (x - p.x) >= 0;
    });
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = (inside(x, y) ? 200 : 60) + ((x * 31 + y * 17) % 7);
  return { width, height, data };
}
const FRAME = { left: 22, right: 458, top: 102, bottom: 377 };

test('the outline is found where it lies, also turned and tilted', () => {
  for (const corners of [
    [{ x: 30, y: 110 }, { x: 450, y: 110 }, { x: 450, y: 370 }, { x: 30, y: 370 }],
    [{ x: 40, y: 130 }, { x: 440, y: 110 }, { x: 446, y: 360 }, { x: 46, y: 378 }],
    [{ x: 70, y: 150 }, { x: 410, y: 150 }, { x: 410, y: 330 }, { x: 70, y: 330 }],
  ]) {
    const found = outline(scene(corners), FRAME);
    assert.ok(found, JSON.stringify(corners));
    found.forEach((c, i) => assert.ok(Math.hypot(c.x - corners[i].x, c.y - corners[i].y) < 5, `${JSON.stringify(found)}`));
  }
});

test('no outline on an empty table, nor where one side is missing', () => {
  assert.equal(outline(scene([{ x: 0, y: 0 }, { x: 0, y: 0 }, { x: 0, y: 0 }, { x: 0, y: 1 }]), FRAME), undefined);
  assert.equal(outline(scene([{ x: -50, y: 110 }, { x: 450, y: 110 }, { x: 450, y: 370 }, { x: -50, y: 370 }]), FRAME), undefined);
});

test('area and skew', () => {
  const square = [{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 10 }, { x: 0, y: 10 }];
  assert.equal(area(square), 100);
  assert.ok(skew(square) < 1e-9);
  assert.ok(Math.abs(skew([{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 20, y: 10 }, { x: 0, y: 10 }]) - 45) < 1e-6);
});

const GOOD = { corners: [], fill: 0.9, angle: 2, resolution: 7, blur: 0.3, glare: 0, darkEnd: 40, lightEnd: 200 };

test('one hint at a time, each with its cause; both sides of each threshold', () => {
  const say = (change, light = 120) => hint({ seen: { ...GOOD, ...change }, light, blank: false }, LIMITS);
  assert.equal(say({}), 'hold');
  assert.equal(hint({ seen: undefined, light: 120, blank: false }, LIMITS), 'searching');
  assert.equal(hint({ seen: undefined, light: 20, blank: false }, LIMITS), 'dark');
  for (const [change, at] of [
    [{ fill: 0.59 }, 'closer'],
    [{ fill: 1.13 }, 'farther'],
    [{ resolution: 3.99 }, 'closer'],
    [{ angle: 12.1 }, 'angle'],
    [{ lightEnd: 89 }, 'dark'],
    [{ darkEnd: 121 }, 'bright'],
    [{ glare: 0.0201 }, 'glare'],
    [{ blur: 0.351 }, 'blur'],
  ]) assert.equal(say(change), at, JSON.stringify(change));
  assert.equal(say({ fill: 0.6, resolution: 4, angle: 12, lightEnd: 90, darkEnd: 120, glare: 0.02, blur: 0.35 }), 'hold');
  assert.deepEqual(doubts({ ...GOOD, blur: 0.9, glare: 0.5 }, LIMITS), ['glare', 'blur']);
});

test('the shutter fires after half a second of stillness, and not while moving', () => {
  const at = (dx) => [{ x: dx, y: 0 }, { x: 100 + dx, y: 0 }, { x: 100 + dx, y: 60 }, { x: dx, y: 60 }];
  const still = new Shutter();
  assert.equal(still.see(at(0), 'hold', 0).take, false);
  assert.equal(still.see(at(0), 'hold', STEADY_MS - 1).take, false);
  assert.equal(still.see(at(0), 'hold', STEADY_MS).take, true);

  const drifting = new Shutter();
  for (let i = 0; i < 20; i++) assert.equal(drifting.see(at(i * 5), 'hold', i * 100).take, false, 'slow drift does not pass');

  const spoilt = new Shutter();
  spoilt.see(at(0), 'hold', 0);
  spoilt.see(at(0), 'blur', 300);
  assert.equal(spoilt.see(at(0), 'hold', 600).take, false, 'the clock begins anew');
});

test('a hint stays long enough to be read', () => {
  const shutter = new Shutter();
  assert.equal(shutter.see(undefined, 'closer', 0).hint, 'closer');
  assert.equal(shutter.see(undefined, 'dark', HINT_MS - 1).hint, 'closer');
  assert.equal(shutter.see(undefined, 'dark', HINT_MS).hint, 'dark');
});

test('light on the face', () => {
  const picture = (face, room) => {
    const data = new Uint8Array(100 * 100);
    for (let y = 0; y < 100; y++) for (let x = 0; x < 100; x++) data[y * 100 + x] = Math.hypot((x - 50) / 34, (y - 47) / 36) <= 1 ? face : room;
    return { width: 100, height: 100, data };
  };
  assert.equal(light(picture(140, 120)), 'ok');
  assert.equal(light(picture(30, 40)), 'dark');
  assert.equal(light(picture(80, 220)), 'back');
  assert.equal(light(picture(240, 200)), 'bright');
});
