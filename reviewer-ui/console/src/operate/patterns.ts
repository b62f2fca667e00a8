// Fills that can be told apart without colour. The legend's keys have the same ones, made in CSS (`app.css`).
import type { Ink } from '../parts/Plot.svelte';

export type PatternName = 'solid' | 'full' | 'diagonal' | 'cross' | 'dots' | 'empty';
/** What became of a case, in bars. */
export const OF_OUTCOME = { accept: 'solid', review: 'diagonal', refuse: 'cross', retake: 'dots' } as const;
const COLOUR = { solid: 'green', full: 'blue', diagonal: 'amber', cross: 'red', dots: 'blue', empty: 'ink' } as const;

/** A fill for canvases; its ground covers what lies under it. */
export function pattern(name: PatternName, ink: Ink): CanvasPattern | string {
  const size = Math.round(6 * devicePixelRatio);
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const ctx = tile.getContext('2d');
  const colour = ink[COLOUR[name]];
  if (!ctx || name === 'solid' || name === 'full') return colour;
  ctx.fillStyle = ink.paper;
  ctx.fillRect(0, 0, size, size);
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = size / 4;
  const line = (x1: number, y1: number, x2: number, y2: number): void => {
    ctx.beginPath();
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
    ctx.stroke();
  };
  if (name === 'dots') {
    ctx.beginPath();
    ctx.arc(size / 2, size / 2, size / 4, 0, 2 * Math.PI);
    ctx.fill();
  }
  if (name === 'diagonal' || name === 'cross') for (const off of [-size, 0, size]) line(off, size, off + size, 0);
  if (name === 'cross') for (const off of [-size, 0, size]) line(off, 0, off + size, size);
  return ctx.createPattern(tile, 'repeat') ?? colour;
}
