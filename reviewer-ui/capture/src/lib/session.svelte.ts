import { Client } from '@idproof/shared/api/client.ts';
import { Problem } from '@idproof/shared/api/problem.ts';
import type {
  Adaptation,
  Case,
  DocumentType,
  Identity,
  OpenedCase,
  Service,
} from '@idproof/shared/api/types.ts';
import { device } from './device.ts';
import { kept } from './kept.ts';
import { speak, spoken } from './texts.svelte.ts';
import { home, isAside, reachable, type Screen } from './way.ts';

/** Dead ends that have a screen of their own. */
export type DeadEnd =
  | 'denied'
  | 'no-camera'
  | 'busy'
  | 'no-microphone'
  | 'prompt-timeout'
  | 'blank'
  | 'in-app'
  | 'old-browser'
  | 'insecure'
  | 'network'
  | 'interrupted'
  | 'rotated'
  | 'lost'
  | 'silent'
  | 'expired'
  | 'slow'
  | 'server';

const PLAIN_SERVICE: Service = {
  name: '',
  consent_version: '',
  support: {},
  contacts: { email: true, phone: true },
  open: true,
  retention_hours: { media: 72, abandoned: 72 },
};

class Session {
  readonly api = new Client();
  screen = $state.raw<Screen | 'loading'>('loading');
  record = $state.raw<Case | null>(null);
  service = $state.raw<Service>(PLAIN_SERVICE);
  types = $state.raw<DocumentType[]>([]);
  deadEnd = $state.raw<DeadEnd>('server');
  /** The service's code behind a dead end, to be quoted on the telephone. */
  deadEndCode = $state.raw('');
  adapt = $state.raw<Adaptation[]>([]);
  aloud = $state.raw(false);
  /** What has been typed of the identity and not yet confirmed. */
  draft = $state.raw<Partial<Identity>>({});
  /** Contacts as typed on this page, so that a code can be sent again. */
  typed: { email?: string; phone?: string } = {};
  /** The token of a hand-over link this page was opened with. */
  handoverToken = '';
  /** This device took over from a computer and gives back when done. */
  tookOver = $state.raw(false);
  /** Where a dead end leads back to. */
  #before: Screen = 'start';

  get home(): Screen {
    const screen = home(this.record, this.service.contacts);
    return screen === 'device' && device.handheld ? 'document' : screen;
  }

  get type(): DocumentType | undefined {
    const code = this.draft.document_type ?? this.record?.identity?.document_type;
    return this.types.find((type) => type.code === code);
  }

  /** Shows a screen and makes the browser's way back lead to the present one. */
  go(screen: Screen, how: 'push' | 'replace' = 'push'): void {
    if (screen === this.screen) return;
    if (!isAside(screen)) this.#before = screen;
    const entry = { screen };
    if (how === 'replace' || this.screen === 'loading') history.replaceState(entry, '', '#' + screen);
    else history.pushState(entry, '', '#' + screen);
    this.screen = screen;
  }

  /** Back to where the way stands, whatever is open. */
  proceed(how: 'push' | 'replace' = 'push'): void {
    this.go(this.home, how);
  }

  /** From a screen beside the way back to the way. */
  leaveAside(): void {
    const back = reachable(this.#before, this.record, this.service.contacts) ? this.#before : this.home;
    this.go(back, 'replace');
  }

  get before(): Screen {
    return this.#before;
  }

  end(what: DeadEnd, code = ''): void {
    this.deadEnd = what;
    this.deadEndCode = code;
    this.go('problem', this.screen === 'problem' ? 'replace' : 'push');
  }

  /** Turns a failure that no screen can show in place into a dead end. True if it was one. */
  endBy(problem: Problem): boolean {
    if (problem.status === 401 || (problem.status === 404 && problem.code === 'not_found')) {
      this.end('expired', problem.code);
      return true;
    }
    return false;
  }

  async opened(opened: OpenedCase): Promise<void> {
    this.#hold(opened.token, opened.case);
    await Promise.all([this.refresh(), this.#greet()]);
  }

  /** Asks in whose name the pages speak, and draws them in that organisation's colour. */
  async #greet(): Promise<void> {
    this.service = await this.api.service();
    const own = this.service.organisation?.colour ?? '';
    // Nothing but six digits may reach the styles.
    if (!/^#[0-9a-f]{6}$/.test(own)) return;
    const { style } = document.documentElement;
    style.setProperty('--blue', own);
    style.setProperty('--blue-deep', own);
    style.setProperty('--tint', own + '10');
  }

  /** Where the organisation wants to have its applicants back. */
  get back(): string | undefined {
    const address = this.service.organisation?.return_url;
    return address?.startsWith('https://') ? address : undefined;
  }

  #hold(token: string, record: Case): void {
    kept.token = token;
    this.api.token = token;
    this.api.id = record.id;
    this.record = record;
  }

  /** Fetches the case anew. */
  async refresh(): Promise<void> {
    this.record = await this.api.case();
    if (this.types.length === 0) this.types = await this.api.documentTypes();
  }

  forget(): void {
    kept.token = null;
    this.api.token = null;
    this.api.id = '';
    this.record = null;
    this.draft = {};
    this.tookOver = false;
  }

  /** Opens the page: with a link's token, with the one kept, or with none. */
  async start(): Promise<void> {
    const fragment = location.hash.slice(1);
    const linked = /idc_[\w-]+/.exec(fragment)?.[0];
    if (location.pathname.startsWith('/handover') && fragment.length > 20) this.handoverToken = fragment;
    // A secret in the address would stay in the history.
    if (linked || this.handoverToken) history.replaceState(null, '', '/');
    const token = linked ?? kept.token;
    // With the token, the service answers in the name of the case's organisation.
    if (!this.handoverToken) this.api.token = token;
    const service = this.#greet();
    // Nothing is asked of the service before the first screen stands.
    if (!token && !this.handoverToken) {
      this.go('start', 'replace');
      return service;
    }
    await service;
    if (this.handoverToken || !token) return this.go('arrive', 'replace');
    try {
      const record = await this.api.current();
      this.#hold(token, record);
      await this.refresh();
    } catch (cause) {
      if (!(cause instanceof Problem) || cause.passing) throw cause;
      this.forget();
      return this.end('expired', cause.code);
    }
    if (linked && !kept.language && this.record && this.record.language !== spoken()) await speak(this.record.language);
    const wanted = fragment as Screen;
    const fits = !linked && reachable(wanted, this.record, this.service.contacts) && wanted in RESTORED;
    this.go(fits ? wanted : this.home, 'replace');
  }

  /** The browser's own back and forward. */
  pop(screen: Screen | undefined): void {
    const wanted = screen ?? this.home;
    const fits = reachable(wanted, this.record, this.service.contacts);
    const next = fits ? wanted : this.home;
    if (!isAside(next)) this.#before = next;
    if (!fits) history.replaceState({ screen: next }, '', '#' + next);
    this.screen = next;
  }
}

/** Screens that a reload may come back to; every other one starts where the way stands. */
const RESTORED: Partial<Record<Screen, true>> = { follow: true, letter: true, manage: true, help: true };

export const session = new Session();
