import { Problem } from '@idproof/shared/api/problem.ts';
import type { ProblemBody } from '@idproof/shared/api/types.ts';
import type * as T from './types.ts';

const BASE = '/console/api';
const TIME_LIMIT_MS = 20_000;

/** The console's interface. Every method throws `Problem` and nothing else. */
export class Client {
  /** Of the session's present stage; every call that changes something carries it. */
  csrf = '';
  /** Told of every 401: the session is over. */
  onOver: () => void = () => {};
  /** Told of every refusal that says a case is held no more, with its id. */
  onLost: (id: string, problem: Problem) => void = () => {};

  async #send(method: string, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (method !== 'GET' && this.csrf) headers['x-csrf-token'] = this.csrf;
    if (body !== undefined) headers['content-type'] = 'application/json';
    let response: Response;
    try {
      response = await fetch(path.startsWith(BASE) ? path : BASE + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        cache: 'no-store',
        credentials: 'same-origin',
        redirect: 'error',
        signal: AbortSignal.timeout(TIME_LIMIT_MS),
      });
    } catch {
      throw new Problem(0, {});
    }
    if (response.ok) return response;
    const problem = new Problem(response.status, (await response.json().catch(() => ({}))) as ProblemBody, response.headers.get('retry-after'));
    if (problem.code === 'unauthorized') this.onOver();
    const lost = problem.code === 'not_held' && /\/cases\/(\w+)/.exec(path)?.[1];
    if (lost) this.onLost(lost, problem);
    throw problem;
  }
  async #json<R>(method: string, path: string, body?: unknown): Promise<R> {
    const response = await this.#send(method, path, body);
    try {
      return (await response.json()) as R;
    } catch {
      // Cut off in the middle of the answer.
      throw new Problem(0, {});
    }
  }
  async #session(method: string, path: string, body?: unknown): Promise<T.Session> {
    const session = await this.#json<T.Session>(method, path, body);
    this.csrf = session.csrf;
    return session;
  }

  /** A call of the operators' pages, which bring their own types (`src/operate/api.ts`). */
  ask<R>(method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown): Promise<R> {
    return this.#json<R>(method, path, body);
  }
  /** The same where nothing is answered. */
  async tell(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<void> {
    await this.#send(method, path, body);
  }

  options(): Promise<T.Options> {
    return this.#json('GET', '/options');
  }
  session(): Promise<T.Session> {
    return this.#session('GET', '/session');
  }
  signIn(name: string, password: string): Promise<T.Session> {
    return this.#session('POST', '/session', { name, password });
  }
  totp(code: { code: string } | { recovery_code: string }): Promise<T.Session> {
    return this.#session('POST', '/session/totp', code);
  }
  enrol(): Promise<{ secret: string; uri: string }> {
    return this.#json('POST', '/session/enrolment', {});
  }
  async confirmEnrolment(code: string, password: string): Promise<{ session: T.Session; recovery_codes: string[] }> {
    const enrolled = await this.#json<{ session: T.Session; recovery_codes: string[] }>('POST', '/session/enrolment/confirm', { code, new_password: password });
    this.csrf = enrolled.session.csrf;
    return enrolled;
  }
  async signOut(): Promise<void> {
    await this.#send('DELETE', '/session');
    this.csrf = '';
  }
  async changePassword(password: string, fresh: string): Promise<void> {
    await this.#send('POST', '/session/password', { password, new_password: fresh });
  }
  async sessions(): Promise<T.SessionEntry[]> {
    return (await this.#json<{ sessions: T.SessionEntry[] }>('GET', '/sessions')).sessions;
  }
  async endSession(id: string): Promise<void> {
    await this.#send('DELETE', `/sessions/${id}`);
  }

  queue(filters: Record<string, string>): Promise<T.QueuePage> {
    return this.#json('GET', `/queue?${query(filters)}`);
  }
  counts(): Promise<T.Counts> {
    return this.#json('GET', '/queue/counts');
  }
  async next(beside: string | null): Promise<T.Case | null> {
    return (await this.#json<{ case: T.Case | null }>('POST', '/queue/next', { beside })).case;
  }
  async take(id: string): Promise<T.Case> {
    return (await this.#json<{ case: T.Case }>('POST', `/queue/${id}/take`, {})).case;
  }
  async giveBack(id: string): Promise<void> {
    await this.#send('POST', `/queue/${id}/return`, {});
  }

  case(id: string): Promise<T.Case> {
    return this.#json('GET', `/cases/${id}`);
  }
  async keep(id: string): Promise<string> {
    return (await this.#json<{ held_until: string }>('POST', `/cases/${id}/keep`, {})).held_until;
  }
  async leave(id: string, why: T.LeaveReason): Promise<void> {
    await this.#send('POST', `/cases/${id}/leave`, { why });
  }
  judge(id: string, face: T.FaceJudgement, confidence: number): Promise<T.Case> {
    return this.#json('POST', `/cases/${id}/judgement`, { face, confidence });
  }
  async views(id: string, media: string[]): Promise<void> {
    await this.#send('POST', `/cases/${id}/views`, { media });
  }
  async media(url: string): Promise<Blob> {
    const response = await this.#send('GET', url);
    try {
      return await response.blob();
    } catch {
      throw new Problem(0, {});
    }
  }
  preview(id: string, decision: T.Decision): Promise<T.Preview> {
    return this.#json('POST', `/cases/${id}/preview`, decision);
  }
  decide(id: string, decision: T.Decision): Promise<T.Decided> {
    return this.#json('POST', `/cases/${id}/decision`, decision);
  }
  async undo(decision: string): Promise<T.Case> {
    return (await this.#json<{ case: T.Case }>('POST', `/decisions/${decision}/undo`, {})).case;
  }
  async decisions(): Promise<T.OwnDecision[]> {
    return (await this.#json<{ items: T.OwnDecision[] }>('GET', '/decisions')).items;
  }

  statistics(days: number): Promise<{ since: string; reviewers: T.ReviewerStatistics[] }> {
    return this.#json('GET', `/statistics?days=${days}`);
  }
  async known(): Promise<T.KnownCase[]> {
    return (await this.#json<{ items: T.KnownCase[] }>('GET', '/known')).items;
  }
  async addKnown(id: string, expected: 'accept' | 'refuse'): Promise<void> {
    await this.#send('POST', '/known', { case: id, expected });
  }
  async dropKnown(id: string): Promise<void> {
    await this.#send('DELETE', `/known/${id}`);
  }

  closed(filters: Record<string, string>): Promise<{ items: T.ClosedCase[]; next_cursor: string | null }> {
    return this.#json('GET', `/cases?${query(filters)}`);
  }
  audit(filters: Record<string, string>): Promise<{ items: T.AuditEntry[]; next_before: number | null }> {
    return this.#json('GET', `/audit?${query(filters)}`);
  }

  async staff(): Promise<T.Staff[]> {
    return (await this.#json<{ items: T.Staff[] }>('GET', '/staff')).items;
  }
  addStaff(fresh: { name: string; display_name: string; roles: T.Role[]; oidc_subject: string | null }): Promise<{ staff: T.Staff; password: string }> {
    return this.#json('POST', '/staff', fresh);
  }
  changeStaff(id: string, change: Partial<Pick<T.Staff, 'display_name' | 'roles' | 'disabled' | 'oidc_subject'>>): Promise<T.Staff> {
    return this.#json('PATCH', `/staff/${id}`, change);
  }
  resetStaff(id: string): Promise<{ password: string }> {
    return this.#json('POST', `/staff/${id}/reset`, {});
  }
  async staffSessions(id: string): Promise<T.SessionEntry[]> {
    return (await this.#json<{ sessions: T.SessionEntry[] }>('GET', `/staff/${id}/sessions`)).sessions;
  }
  async endStaffSessions(id: string): Promise<void> {
    await this.#send('DELETE', `/staff/${id}/sessions`);
  }
}

/** Where an evidence file is fetched from. */
export const evidence = (id: string, as: 'json' | 'pdf'): string => `${BASE}/cases/${id}/evidence.${as}`;

export const query = (filters: Record<string, string>): string => new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();
