// One clock for every countdown on the page.
let now = $state.raw(Date.now());
setInterval(() => (now = Date.now()), 1000);

/** The time, to the second; whoever reads it is drawn anew each second. */
export function clock(): number {
  return now;
}
