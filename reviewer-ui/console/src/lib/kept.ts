// What this browser remembers of a reviewer: how the page looks and behaves. Nothing of a case, no secret.

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(`idproof.console.${key}`);
  } catch {
    return null;
  }
};
const write = (key: string, value: string | null): void => {
  try {
    if (value === null) localStorage.removeItem(`idproof.console.${key}`);
    else localStorage.setItem(`idproof.console.${key}`, value);
  } catch {
    // Storage is switched off: the choice holds until the page is closed.
  }
};

export const kept = {
  get language(): string | null {
    return read('language');
  },
  set language(value: string | null) {
    write('language', value);
  },
  get theme(): string | null {
    return read('theme');
  },
  set theme(value: string | null) {
    write('theme', value);
  },
  /** Single-letter keys can be switched off (WCAG 2.1.4). */
  get keys(): boolean {
    return read('keys') !== 'off';
  },
  set keys(value: boolean) {
    write('keys', value ? null : 'off');
  },
};
