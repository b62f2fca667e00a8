/** The present time, followed second by second while a screen is shown. */
export class Tick {
  now = $state.raw(Date.now());
  constructor() {
    $effect(() => {
      const timer = setInterval(() => (this.now = Date.now()), 1000);
      return () => clearInterval(timer);
    });
  }
  /** Whole seconds until a moment; 0 once it has passed. */
  until(moment: number): number {
    return Math.max(0, Math.ceil((moment - this.now) / 1000));
  }
}
