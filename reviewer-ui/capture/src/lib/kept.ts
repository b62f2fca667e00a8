// The only things this page keeps on the device: how to come back to the case, and the language.
// Where storage is blocked they live as long as the page.

const memory = new Map<string, string>();

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    if (value === null) memory.delete(key);
    else memory.set(key, value);
  }
}

export const kept = {
  get token(): string | null {
    return read('idproof.token');
  },
  set token(value: string | null) {
    write('idproof.token', value);
  },
  get language(): string | null {
    return read('idproof.language');
  },
  set language(value: string | null) {
    write('idproof.language', value);
  },
};
