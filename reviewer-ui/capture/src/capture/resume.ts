import { Problem } from '@idproof/shared/api/problem.ts';
import type { Client } from '@idproof/shared/api/client.ts';
import { takes, type TakeRecord } from './take.ts';
import { Sender, type Progress } from './upload.ts';

export type Left =
  | { kind: 'none' }
  /** The page was closed while filming: the recording has no end and does not count. */
  | { kind: 'dropped' }
  /** Filmed to the end; some of it may not have left yet. */
  | { kind: 'rest'; take: TakeRecord };

/** What an earlier page left behind for this case. Clears away what is of no use. */
export async function leftBehind(api: Client): Promise<Left> {
  const take = await takes.pending();
  if (!take) return { kind: 'none' };
  if (take.case === api.id && take.chunks > 0) return { kind: 'rest', take };
  await takes.clear();
  if (take.case !== api.id) return { kind: 'none' };
  await api.discardUpload(take.upload, 'interrupted').catch(() => {});
  return { kind: 'dropped' };
}

/** Sends what had not arrived. Throws `Problem` where the service no longer takes it. */
export async function sendRest(api: Client, take: TakeRecord, tell: (p: Progress) => void): Promise<void> {
  const there = new Set((await api.upload(take.upload)).received.map((c) => c.n));
  const rest = (await takes.rest()).filter((c) => !there.has(c.n));
  if (there.size + rest.length < take.chunks) throw new Problem(410, { code: 'take_lost' });
  const sender = new Sender(api, take.upload, tell, (n) => void takes.arrived(n));
  for (const chunk of rest) sender.add(chunk.bytes, chunk.n);
  await sender.finish(take.chunks, take.capture);
  await takes.clear();
}
