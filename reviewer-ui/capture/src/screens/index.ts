import type { Component } from 'svelte';
import { allWords } from '../lib/texts.svelte.ts';
import type { Screen } from '../lib/way.ts';

type Lazy = Exclude<Screen, 'start'>;
type Views = Partial<Record<Lazy, Component>>;

// Three stretches of the way, one file each: a slow network is asked seldom. A new screen that no
// file holds is found by the types of `ALL`.
const files = [() => import('./form.ts'), () => import('./film.ts'), () => import('./after.ts')] as const;

type Held<N extends number> = Extract<keyof Awaited<ReturnType<(typeof files)[N]>>['default'], string>;
const FORM: Record<Held<0>, 0> = {
  without: 0,
  email: 0,
  emailCode: 0,
  phone: 0,
  phoneCode: 0,
  type: 0,
  names: 0,
  birth: 0,
  number: 0,
  recap: 0,
};
const FILM: Record<Held<1>, 1> = { device: 1, document: 1, videoIntro: 1, video: 1, review: 1 };
const place = (screen: Lazy): 0 | 1 | 2 => (screen in FORM ? 0 : screen in FILM ? 1 : 2);

export async function load(screen: Lazy): Promise<Component> {
  const at = place(screen);
  const [file] = await Promise.all([files[at](), allWords()]);
  if (at === 0) void files[1]().catch(() => {});
  const view = (file.default as Views)[screen];
  if (!view) throw new Error(`no view for ${screen}`);
  return view;
}

/** After the first screen stands: its successors, and the screens for trouble, which may come without a network. */
export function prefetch(): void {
  void allWords()
    .then(files[0])
    .then(files[2])
    .catch(() => {});
}
