import type { Component } from 'svelte';
import { allWords } from '../lib/texts.svelte.ts';
import type { Screen } from '../lib/way.ts';

type Lazy = Exclude<Screen, 'start'>;
type Views = Partial<Record<Lazy, Component>>;

// Two files, with the camera and without: a slow network is asked seldom. A new screen that neither
// holds is found by the type of `FILM`.
const files = { plain: () => import('./plain.ts'), film: () => import('./film.ts') };

type Plain = Awaited<ReturnType<typeof files.plain>>['default'];
const FILM: Record<Exclude<Lazy, keyof Plain>, true> = { device: true, document: true, videoIntro: true, video: true, review: true };

export async function load(screen: Lazy): Promise<Component> {
  const at = screen in FILM ? 'film' : 'plain';
  const [file] = await Promise.all([files[at](), allWords()]);
  if (at === 'plain') void files.film().catch(() => {});
  const view = (file.default as Views)[screen];
  if (!view) throw new Error(`no view for ${screen}`);
  return view;
}

/** After the first screen stands: its successors, and the screens for trouble, which may come without a network. */
export function prefetch(): void {
  void allWords()
    .then(files.plain)
    .catch(() => {});
}
