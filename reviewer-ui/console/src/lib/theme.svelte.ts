import { kept } from './kept.ts';

type Theme = 'light' | 'dark';

const asked = matchMedia('(prefers-color-scheme: dark)');
let chosen = $state.raw<Theme | null>(kept.theme === 'dark' || kept.theme === 'light' ? kept.theme : null);
let system = $state.raw<Theme>(asked.matches ? 'dark' : 'light');

export function theme(): Theme {
  return chosen ?? system;
}

/** Puts the theme in force on the page, and keeps it there when the system's changes. */
export function showTheme(): void {
  const show = (): void => {
    document.documentElement.dataset.theme = theme();
  };
  asked.addEventListener('change', () => {
    system = asked.matches ? 'dark' : 'light';
    show();
  });
  show();
}

export function switchTheme(): void {
  chosen = theme() === 'dark' ? 'light' : 'dark';
  kept.theme = chosen;
  document.documentElement.dataset.theme = chosen;
}
