// Dashboards, messages, outbox, integrators: the endpoints as the operators' pages read them.
import { query } from '../lib/client.ts';
import { me } from '../lib/session.svelte.ts';
import type { Both } from './policy.ts';

/** `hidden`: too few to be broken down. */
export interface Share {
  of: number;
  count: number | null;
  share: number | null;
  low: number | null;
  high: number | null;
  hidden: boolean;
}
export interface Funnel {
  since: string;
  time_zone: string;
  smallest: number;
  started: number;
  steps: { step: string; reached: Share; passed: Share | null; dropped: number | null; refused: number | null; open: number | null }[];
  by_day: { day: string; started: number; submitted: Share; accepted: Share; activated: Share }[];
  by_organisation: { id: string; name: string; started: number; submitted: Share; accepted: Share; activated: Share }[];
}
export interface Retakes {
  since: string;
  smallest: number;
  verdicts: number;
  retakes: Share;
  by_person: number | null;
  causes: { reason: string; share: Share }[];
}
export interface Quantile {
  s: number;
  low: number | null;
  high: number | null;
}
export interface Times {
  n: number;
  median: Quantile | null;
  p90: Quantile | null;
  bins: { upto_s: number | null; count: number }[] | null;
}
export interface Decisions {
  since: string;
  smallest: number;
  within_24h: Share;
  all: Times;
  machine: Times;
  person: Times;
}
export interface Deadlines {
  at: string;
  legal_hours: number;
  columns: number[];
  rows: { state: string; counts: number[] }[];
  totals: number[];
}
export interface Load {
  since: string;
  waiting: number;
  held: number;
  second: number;
  escalated: number;
  overdue: number;
  oldest_since: string | null;
  decided: number;
  arrived: number;
  reviewer_hours: number;
  per_reviewer_hour: number | null;
  hours: { from: string; arrived: number; decided: number; reviewers: number }[];
}
export interface Versions {
  since: string;
  policies: { version: string; sha256: string; cases: number; first_at: string; last_at: string; in_force: boolean }[];
  reports: number;
  models: { name: string; version: string; sha256: string; reports: number; last_at: string; in_force: boolean }[];
}
export interface Backlog {
  at: string;
  purge: { overdue: number; oldest_due: string | null; due_24h: number };
  letters: { waiting: number; at_risk: number; overdue: number; under_way: number; oldest_deposited: string | null };
  jobs: { kind: string; ready: number; leased: number; parked: number; oldest_due: string | null }[];
  messages: { channel: string; state: string; count: number; oldest: string | null }[];
}
export interface Message {
  id: string;
  channel: 'email' | 'sms' | 'webhook';
  template: string;
  case: string | null;
  state: 'failed' | 'pending' | 'sent';
  attempts: number;
  response_code: number | null;
  last_error: string | null;
  created_at: string;
  retry: boolean;
  why_not: null | 'person_removed' | 'under_way';
}
export interface Posted {
  id: string;
  kind: 'email' | 'sms' | 'letter';
  at: string;
  to: string;
  subject: string | null;
  text: string;
}
interface Listed<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Organisation {
  id: string;
  name: string;
  own: boolean;
  created_at: string;
  keys: number;
  webhooks: number;
}
export interface Key {
  id: string;
  name: string;
  scopes: string[];
  sandbox: boolean;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  state: 'valid' | 'ending' | 'expired' | 'revoked';
}
export interface Webhook {
  id: string;
  url: string;
  url_hidden: boolean;
  events: string[];
  sandbox: boolean;
  enabled: boolean;
  created_at: string;
  old_secret_until: string | null;
  pending: number;
  failed: number;
  last_sent_at: string | null;
}
export interface Delivery {
  id: string;
  event: string;
  case_id: string | null;
  state: 'pending' | 'sent' | 'failed';
  attempts: number;
  response_code: number | null;
  last_error: string | null;
  created_at: string;
  sent_at: string | null;
}
export interface Branding {
  name: string | null;
  colour: string | null;
  support: { phone: string | null; email: string | null; fr: string | null; en: string | null };
  return_url: string | null;
}
export type Settings = Branding & { contrast: number | null; minimum_contrast: number };
export interface SandboxOutcome {
  code: string;
  label: Both;
  meaning: Both;
  states: string[];
  events: string[];
}
export interface SandboxCase {
  id: string;
  number: string;
  reference: string | null;
  state: string;
  outcome: string | null;
  created_at: string;
}
export interface Chosen {
  days: string;
  organisation: string;
  sandbox: boolean;
}

const { api } = me;
const chosen = ({ days, organisation, sandbox }: Chosen): string => query({ days, organisation, sandbox: sandbox ? 'true' : '' });

export const funnel = (c: Chosen): Promise<Funnel> => api.ask('GET', `/dashboards/funnel?${chosen(c)}`);
export const retakes = (c: Chosen): Promise<Retakes> => api.ask('GET', `/dashboards/retakes?${chosen(c)}`);
export const decisions = (c: Chosen): Promise<Decisions> => api.ask('GET', `/dashboards/decisions?${chosen(c)}`);
export const deadlines = (): Promise<Deadlines> => api.ask('GET', '/dashboards/deadlines');
export const load = (hours: string): Promise<Load> => api.ask('GET', `/dashboards/reviewers?hours=${hours}`);
export const versions = (days: string): Promise<Versions> => api.ask('GET', `/dashboards/versions?days=${days}`);
export const backlog = (): Promise<Backlog> => api.ask('GET', '/dashboards/backlog');
export const messages = (state: string, channel: string, cursor: string): Promise<Listed<Message>> => api.ask('GET', `/messages?${query({ state, channel, cursor })}`);
export const retry = (id: string): Promise<Message> => api.ask('POST', `/messages/${id}/retry`, {});
export const outbox = async (): Promise<Posted[]> => (await api.ask<{ items: Posted[] }>('GET', '/outbox')).items;

export const organisations = async (): Promise<Organisation[]> => (await api.ask<{ items: Organisation[] }>('GET', '/organisations')).items;
export const addOrganisation = (name: string): Promise<Organisation> => api.ask('POST', '/organisations', { name });
export const keys = (org: string): Promise<{ scopes: string[]; items: Key[] }> => api.ask('GET', `/organisations/${org}/keys`);
export const addKey = (org: string, key: { name: string; scopes: string[]; sandbox: boolean; days: number | null }): Promise<{ key: Key; secret: string }> => api.ask('POST', `/organisations/${org}/keys`, key);
export const rotateKey = (id: string, overlap_hours: number): Promise<{ key: Key; secret: string; replaces: Key }> => api.ask('POST', `/keys/${id}/rotate`, { overlap_hours });
export const revokeKey = (id: string): Promise<void> => api.tell('POST', `/keys/${id}/revoke`, {});
export const webhooks = (org: string): Promise<{ events: string[]; items: Webhook[] }> => api.ask('GET', `/organisations/${org}/webhooks`);
export const addWebhook = (org: string, webhook: { url: string; events: string[]; sandbox: boolean }): Promise<{ webhook: Webhook; secret: string }> => api.ask('POST', `/organisations/${org}/webhooks`, webhook);
export const changeWebhook = (id: string, change: Partial<Pick<Webhook, 'url' | 'events' | 'enabled'>>): Promise<Webhook> => api.ask('PATCH', `/webhooks/${id}`, change);
export const dropWebhook = (id: string): Promise<void> => api.tell('DELETE', `/webhooks/${id}`);
export const newSecret = (id: string, overlap_hours: number): Promise<{ webhook: Webhook; secret: string }> => api.ask('POST', `/webhooks/${id}/secret`, { overlap_hours });
export const testWebhook = (id: string): Promise<Delivery> => api.ask('POST', `/webhooks/${id}/test`, {});
export const deliveries = (id: string, cursor: string): Promise<Listed<Delivery>> => api.ask('GET', `/webhooks/${id}/deliveries?${query({ cursor })}`);
export const redeliver = (webhook: string, message: string): Promise<Delivery> => api.ask('POST', `/webhooks/${webhook}/deliveries/${message}/replay`, {});
export const settings = (org: string): Promise<Settings> => api.ask('GET', `/organisations/${org}/settings`);
export const saveSettings = (org: string, branding: Branding): Promise<Settings> => api.ask('PUT', `/organisations/${org}/settings`, branding);
export const sandboxOutcomes = async (): Promise<SandboxOutcome[]> => (await api.ask<{ items: SandboxOutcome[] }>('GET', '/sandbox/outcomes')).items;
export const sandboxCases = async (org: string): Promise<SandboxCase[]> => (await api.ask<{ items: SandboxCase[] }>('GET', `/sandbox/cases?${query({ organisation: org })}`)).items;
export const addSandboxCase = (fresh: { organisation: string; language: 'fr' | 'en'; outcome: string | null; reference: string | null }): Promise<{ case: SandboxCase; continue_url: string }> => api.ask('POST', '/sandbox/cases', fresh);
