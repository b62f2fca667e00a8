import type { Problem } from '@idproof/shared/api/problem.ts';
import { MediaShelf } from './media.svelte.ts';
import { go } from './route.svelte.ts';
import { me } from './session.svelte.ts';
import type { Case, Decision, DecisionKind, LeaveReason } from './types.ts';

export interface Undoable {
  id: string;
  number: string;
  kind: DecisionKind;
  until: number;
  second: boolean;
}

const KEEP_EVERY_MS = 30_000;

/** What lies on the reviewer's desk: one case in view, the next one fetched ahead, the last decision while it can be undone. */
class Desk {
  current = $state.raw<Case | null>(null);
  shelf = $state.raw(new MediaShelf());
  undoable = $state.raw<Undoable | null>(null);
  /** There was nothing left to take. */
  empty = $state.raw(false);
  /** Why the case in view is no longer ours. */
  lost = $state.raw<Problem | null>(null);
  #ahead: Case | null = null;
  #fetching: Promise<void> | null = null;
  #kept = 0;

  constructor() {
    me.api.onLost = (id, problem) => {
      if (this.#ahead?.id === id) this.#ahead = null;
      if (this.current?.id !== id) return;
      this.lost = problem;
      this.shelf.clear();
    };
  }

  #show(record: Case): void {
    this.shelf.clear();
    this.shelf = new MediaShelf();
    this.current = record;
    this.empty = false;
    this.lost = null;
    this.#kept = Date.now();
    go(`case/${record.id}`, location.hash.startsWith('#/case/') ? 'replace' : 'push');
  }
  /** A newer state of the case in view. */
  renew(record: Case): void {
    if (record.id === this.current?.id) this.current = record;
  }

  /** The most urgent case: the one fetched ahead where there is one. */
  async next(): Promise<void> {
    await this.#fetching;
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead && isHeld(ahead)) {
      this.#show(ahead);
      // From now on it is worked on.
      void this.#keep(ahead.id);
    } else {
      const record = await me.api.next(null);
      if (record) this.#show(record);
      else this.clear(true);
    }
    this.#lookAhead();
  }
  #lookAhead(): void {
    const beside = this.current?.id;
    if (!beside || this.#ahead || this.#fetching) return;
    this.#fetching = me.api
      .next(beside)
      .then(
        (record) => {
          if (record && record.id !== this.current?.id) this.#ahead = record;
        },
        // Nothing waits for it: "next" asks again and says what is wrong.
        () => {},
      )
      .finally(() => (this.#fetching = null));
  }

  /** Opens a certain case: from a link, the queue or after a reload. */
  async open(id: string): Promise<void> {
    if (this.current?.id === id) return;
    if (this.#ahead?.id === id && isHeld(this.#ahead)) {
      this.#show(this.#ahead);
      this.#ahead = null;
    } else {
      this.#show(await me.api.take(id));
    }
    this.#lookAhead();
  }

  async decide(decision: Decision): Promise<void> {
    const record = this.current;
    if (!record) return;
    const decided = await me.api.decide(record.id, decision);
    this.undoable = { id: decided.id, number: record.number, kind: decision.kind, until: Date.parse(decided.undo_until), second: decided.needs_second };
    await this.#after();
  }
  /** What was in view is done with. It stays until the next one is there: an empty desk under its address would be
      filled with the same case again. */
  async #after(): Promise<void> {
    try {
      await this.next();
    } catch (cause) {
      this.current = null;
      throw cause;
    }
  }
  /** Takes a decision back, the last one unless another is named; its case is in view again. */
  async undo(id = this.undoable?.id): Promise<void> {
    if (!id) return;
    const record = await me.api.undo(id);
    if (this.undoable?.id === id) this.undoable = null;
    // What was in view is still ours: it comes next.
    this.#ahead ??= this.current;
    this.#show(record);
  }
  async leave(why: LeaveReason): Promise<void> {
    if (!this.current) return;
    await me.api.leave(this.current.id, why);
    if (why === 'break') this.clear();
    else await this.#after();
  }

  /** Called on any activity: the case stays ours while somebody works on it. */
  active(): void {
    if (!this.current || this.lost || Date.now() - this.#kept < KEEP_EVERY_MS) return;
    this.#kept = Date.now();
    void this.#keep(this.current.id);
    if (this.#ahead) void this.#keep(this.#ahead.id);
  }
  async #keep(id: string): Promise<void> {
    const until = await me.api.keep(id).catch(() => null);
    if (until && this.current?.id === id) this.current = { ...this.current, held_until: until };
    if (until && this.#ahead?.id === id) this.#ahead = { ...this.#ahead, held_until: until };
  }
  clear(empty = false): void {
    this.shelf.clear();
    this.current = null;
    this.empty = empty;
    this.lost = null;
    go('queue', 'replace');
  }
  /** Somebody else sits down. */
  forget(): void {
    this.shelf.clear();
    this.current = null;
    this.#ahead = null;
    this.undoable = null;
    this.empty = false;
  }
}

/** Whether a case taken earlier is ours for a while yet. */
function isHeld(record: Case): boolean {
  const margin = 3_000;
  return record.held_until !== null && Date.parse(record.held_until) > Date.now() + margin;
}

export const desk = new Desk();
