import { Problem } from '@idproof/shared/api/problem.ts';
import { Client } from './client.ts';
import { kept } from './kept.ts';
import { speak } from './texts.svelte.ts';
import type { Options, Role, Session } from './types.ts';

/** Who sits here, and what they may do. What a page does not offer the service refuses too. */
class SignedIn {
  readonly api = new Client();
  session = $state.raw<Session | null>(null);
  options = $state.raw<Options | null>(null);
  /** Until it is known whether somebody is signed in. */
  known = $state.raw(false);
  /** A session ended while somebody was at work. */
  ended = $state.raw(false);
  trouble = $state.raw<Problem | null>(null);

  constructor() {
    this.api.onOver = () => {
      this.ended ||= this.session?.stage === 'ready';
      this.session = null;
    };
  }

  get ready(): boolean {
    return this.session?.stage === 'ready' && this.session.staff !== null;
  }
  get name(): string {
    return this.session?.staff?.display_name ?? '';
  }
  is(...roles: Role[]): boolean {
    return this.session?.staff?.roles.some((role) => roles.includes(role)) ?? false;
  }

  async start(): Promise<void> {
    this.trouble = null;
    try {
      this.options ??= await this.api.options();
      this.hold(await this.api.session());
    } catch (cause) {
      const problem = cause instanceof Problem ? cause : new Problem(-1, { code: 'page' });
      if (problem.status !== 401) this.trouble = problem;
    }
    this.known = true;
  }
  hold(session: Session): void {
    this.session = session;
    const wanted = session.staff?.language;
    if (wanted && !kept.language) speak(wanted);
    if (session.stage === 'ready') this.ended = false;
  }
  async signOut(): Promise<void> {
    await this.api.signOut();
    this.session = null;
    this.ended = false;
  }
}

export const me = new SignedIn();
