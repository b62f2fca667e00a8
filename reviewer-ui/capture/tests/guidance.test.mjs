import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, planes, SIDE, unfit } from '../src/guidance/faces.ts';
import { HINT_MS, NEWS_MS, place, Steady } from '../src/guidance/place.ts';

/** Outputs of the network in which nothing is a face but what is put there. */
function outputs(...put) {
  const grids = [
    { cells: 16, each: 2 },
    { cells: 8, each: 6 },
  ].map(({ cells, each }) => ({
    cells,
    each,
    logits: new Float32Array(cells * cells * each).fill(-20),
    boxes: new Float32Array(cells * cells * each * 16),
  }));
  for (const { grid, column, row, anchor = 0, logit = 3, box } of put) {
    const g = grids[grid];
    const n = (row * g.cells + column) * g.each + anchor;
    g.logits[n] = logit;
    g.boxes.set(box, n * 16);
  }
  return grids;
}

test('a box lies where its anchor and its offset say', () => {
  const [face, ...more] = decode(outputs({ grid: 1, column: 3, row: 4, box: [2, -5, 90, 100] }));
  assert.equal(more.length, 0);
  // Cells of 32 pixels: the middle of the fourth column and fifth row.
  assert.deepEqual([face.x, face.y, face.width, face.height], [3.5 * 32 + 2, 4.5 * 32 - 5, 90, 100]);
  assert.ok(Math.abs(face.score - 1 / (1 + Math.exp(-3))) < 1e-6);
});

test('overlapping boxes are one face, the surest; a doubtful one is none', () => {
  const same = { grid: 0, row: 8, box: [0, 0, 90, 90] };
  const found = decode(outputs({ ...same, column: 8, logit: 2 }, { ...same, column: 9, logit: 4 }, { ...same, column: 1, logit: 0.2 }));
  assert.equal(found.length, 1);
  assert.equal(found[0].x, 9.5 * 16);
});

test('outputs of another network are refused', () => {
  const [fine, coarse] = outputs();
  assert.throws(() => decode([coarse, fine]), /anchors/);
  assert.throws(() => decode([fine]), /anchors/);
});

test('the picture goes in as three planes', () => {
  const rgba = new Uint8ClampedArray(SIDE * SIDE * 4);
  rgba.set([10, 20, 30, 255], 4 * 5);
  const out = planes(rgba);
  assert.deepEqual([out[5], out[5 + SIDE * SIDE], out[5 + 2 * SIDE * SIDE]], [10, 20, 30]);
});

test('the fit into the square is undone', () => {
  // 1280 × 720: five pixels for one, 56 rows of padding above.
  const face = unfit({ x: 128, y: 128, width: 20, height: 30, score: 1 }, 1280, 720);
  assert.deepEqual([face.x, face.y, face.width, face.height], [640, 360, 100, 150]);
  assert.equal(unfit({ x: 0, y: 56, width: 1, height: 1, score: 1 }, 1280, 720).y, 0);
});

const OVAL = { x: 300, y: 300, width: 312, height: 400 };
const face = (more = {}) => ({ x: 300, y: 324, width: 200, height: 220, score: 1, ...more });

test('one hint at a time, the most useful first', () => {
  assert.equal(place([], OVAL), 'none');
  assert.equal(place([face()], OVAL), 'good');
  assert.equal(place([face({ height: 143 })], OVAL), 'closer');
  assert.equal(place([face({ height: 145 })], OVAL), 'good');
  assert.equal(place([face({ height: 319 })], OVAL), 'good');
  assert.equal(place([face({ height: 321 })], OVAL), 'farther');
  assert.equal(place([face({ x: 300 + 63 })], OVAL), 'centre');
  assert.equal(place([face({ x: 300 - 61 })], OVAL), 'good');
  assert.equal(place([face({ y: 324 + 81 })], OVAL), 'centre');
  assert.equal(place([face({ height: 100, x: 900 })], OVAL), 'closer', 'what is small and aside is first of all too far');
});

test('somebody behind does not count until they are near', () => {
  assert.equal(place([face(), face({ x: 600, height: 90 })], OVAL), 'good');
  assert.equal(place([face({ x: 600, height: 110 }), face()], OVAL), 'several');
});

test('a hint stays long enough to be read, and a moment’s doubt is no news', () => {
  const steady = new Steady();
  assert.equal(steady.see('none', 0), undefined);
  assert.equal(steady.see('none', NEWS_MS), 'none');
  assert.equal(steady.see('good', NEWS_MS + 10), 'none');
  assert.equal(steady.see('good', NEWS_MS + HINT_MS - 1), 'none');
  assert.equal(steady.see('good', NEWS_MS + HINT_MS), 'good');
  const later = NEWS_MS + 5 * HINT_MS;
  assert.equal(steady.see('closer', later), 'good');
  assert.equal(steady.see('good', later + NEWS_MS - 1), 'good');
  assert.equal(steady.see('closer', later + NEWS_MS), 'good');
});
