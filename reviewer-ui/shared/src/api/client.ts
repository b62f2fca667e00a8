import { Problem } from './problem.ts';
import type {
  Adaptation,
  Case,
  Challenge,
  DocumentType,
  Handover,
  HandoverStatus,
  Identity,
  Invitation,
  Language,
  Letter,
  OpenedCase,
  OpenedLetter,
  ProblemBody,
  Quality,
  Service,
  Status,
  TimelineEntry,
  Upload,
  UploadKind,
} from './types.ts';

const TIME_LIMIT_MS = 20_000;

interface Call {
  body?: unknown;
  bytes?: Blob;
  headers?: Record<string, string>;
  timeLimitMs?: number;
  keepalive?: boolean;
}

/** The service as an applicant uses it. Every method throws `Problem` and nothing else. */
export class Client {
  token: string | null = null;
  id = '';

  async #send(method: string, path: string, call: Call = {}): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    let response: Response;
    try {
      response = await fetch(`/v1${path}`, {
        method,
        headers,
        body: call.bytes ?? (call.body === undefined ? null : JSON.stringify(call.body)),
        cache: 'no-store',
        credentials: 'omit',
        keepalive: call.keepalive ?? false,
        signal: AbortSignal.timeout(call.timeLimitMs ?? TIME_LIMIT_MS),
      });
    } catch {
      throw new Problem(0, {});
    }
    if (response.ok) return response;
    const body = (await response.json().catch(() => ({}))) as ProblemBody;
    throw new Problem(response.status, body, response.headers.get('retry-after'));
  }

  async #json<T>(method: string, path: string, body?: unknown, call: Call = {}): Promise<T> {
    const response = await this.#send(method, path, body === undefined ? call : { ...call, body });
    try {
      return (await response.json()) as T;
    } catch {
      // Cut off in the middle of the answer.
      throw new Problem(0, {});
    }
  }

  async #done(method: string, path: string, body?: unknown, call: Call = {}): Promise<void> {
    await this.#send(method, path, body === undefined ? call : { ...call, body });
  }

  #case(path = ''): string {
    return `/cases/${this.id}${path}`;
  }

  service(): Promise<Service> {
    return this.#json('GET', '/service');
  }
  documentTypes(): Promise<DocumentType[]> {
    return this.#json('GET', '/policy/documents');
  }
  quality(): Promise<Quality> {
    return this.#json('GET', '/quality');
  }

  openCase(language: Language): Promise<OpenedCase> {
    return this.#json('POST', '/cases', { language });
  }
  current(): Promise<Case> {
    return this.#json('GET', '/cases/current');
  }
  case(): Promise<Case> {
    return this.#json('GET', this.#case());
  }
  status(): Promise<Status> {
    return this.#json('GET', this.#case('/status'));
  }
  timeline(): Promise<TimelineEntry[]> {
    return this.#json('GET', this.#case('/timeline'));
  }

  consent(version: string, biometrics: boolean): Promise<void> {
    return this.#done('POST', this.#case('/consent'), { version, biometrics });
  }
  contact(kind: 'email' | 'phone', value: string): Promise<void> {
    const body = kind === 'email' ? { address: value } : { number: value };
    return this.#done('POST', this.#case(`/${kind}`), body);
  }
  confirmContact(kind: 'email' | 'phone', code: string): Promise<void> {
    return this.#done('POST', this.#case(`/${kind}/confirm`), { code });
  }
  declare(identity: Identity): Promise<void> {
    return this.#done('PUT', this.#case('/identity'), identity);
  }

  challenge(adapt: Adaptation[]): Promise<Challenge> {
    return this.#json('POST', this.#case('/challenges'), { adapt });
  }
  openUpload(kind: UploadKind, extra: { size?: number; challenge_id?: string; challenge_token?: string; capture?: unknown }): Promise<Upload> {
    return this.#json('POST', this.#case('/uploads'), { kind, ...extra });
  }
  upload(id: string): Promise<Upload> {
    return this.#json('GET', `/uploads/${id}`);
  }
  sendChunk(upload: string, n: number, bytes: Blob, digest: string): Promise<void> {
    const headers = { 'content-digest': `sha-256=:${digest}:`, 'content-type': 'application/octet-stream' };
    // Slow networks: half a megabyte at 64 kbit/s takes a minute.
    return this.#done('PUT', `/uploads/${upload}/chunks/${n}`, undefined, { bytes, headers, timeLimitMs: 90_000 });
  }
  completeUpload(id: string, chunks: number, capture?: unknown): Promise<void> {
    return this.#done('POST', `/uploads/${id}/complete`, { chunks, capture });
  }
  discardUpload(id: string, reason?: 'redo' | 'interrupted'): Promise<void> {
    const why = reason ? `?reason=${reason}` : '';
    return this.#done('DELETE', `/uploads/${id}${why}`, undefined, { keepalive: true });
  }

  act(what: 'submit' | 'retake' | 'withdraw' | 'suspend' | 'reactivate'): Promise<void> {
    return this.#done('POST', this.#case(`/${what}`), {});
  }
  appeal(text: string): Promise<void> {
    return this.#done('POST', this.#case('/appeal'), { text });
  }
  deleteCase(): Promise<void> {
    return this.#done('DELETE', this.#case());
  }

  letter(): Promise<Letter> {
    return this.#json('GET', this.#case('/letter'));
  }
  acceptLetter(): Promise<OpenedLetter> {
    return this.#json('POST', this.#case('/letter/accept'), {});
  }
  refuseLetter(): Promise<void> {
    return this.#done('POST', this.#case('/letter/refuse'), {});
  }
  async letterPdf(): Promise<Blob> {
    const headers = { accept: 'application/pdf' };
    return (await this.#send('GET', this.#case('/letter.pdf'), { headers })).blob();
  }
  activate(code: string): Promise<void> {
    return this.#done('POST', this.#case('/activation'), { code });
  }

  handOver(): Promise<Handover> {
    return this.#json('POST', this.#case('/handover'), {});
  }
  handedOver(id: string): Promise<HandoverStatus> {
    return this.#json('GET', this.#case(`/handover/${id}`));
  }
  invitation(token: string): Promise<Invitation> {
    return this.#json('POST', '/handover/look', { token });
  }
  takeOver(token: string, number: string): Promise<OpenedCase> {
    return this.#json('POST', '/handover', { token, number });
  }
}
