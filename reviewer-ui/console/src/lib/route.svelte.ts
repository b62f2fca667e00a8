// Where one is: behind the `#`, so that any server can serve the one page.
let place = $state.raw(read());

function read(): string {
  return location.hash.replace(/^#\/?/, '');
}
addEventListener('hashchange', () => (place = read()));

/** The parts of the address: `['case', 'case_…']`. */
export function route(): string[] {
  return place.split('/').filter(Boolean);
}
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') location.hash = `#/${to}`;
  else {
    history.replaceState(null, '', `#/${to}`);
    place = read();
  }
}
