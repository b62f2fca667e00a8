// The frames that speak most of an attack, one for each sign of it that was measured frame by frame.

import type { Track } from './types.ts';

/** Each sign, and whether a high or a low value speaks of an attack. */
const SIGNS = { live_score: 'low', periodicity: 'high', bars: 'high', lips: 'low', warmth: 'low' } as const;

export type SignName = keyof typeof SIGNS;
export interface Sign {
  name: SignName;
  /** In seconds. */
  at: number;
  value: number;
  /** The limit that the check compares its median, or its mean, with; null where the check tells none. */
  limit: number | null;
  beyond: boolean;
}

/** The checks whose threshold is that of a sign. */
const CHECKS: Partial<Record<SignName, string>> = { live_score: 'liveness', periodicity: 'recapture', lips: 'face_skin' };

export function signsOf(tracks: readonly Track[], checks: readonly { name: string; threshold: number | null }[]): Sign[] {
  return (Object.keys(SIGNS) as SignName[]).flatMap((name) => {
    const points = tracks.find((track) => track.name === name)?.points ?? [];
    if (points.length === 0) return [];
    const high = SIGNS[name] === 'high';
    const [ms, value] = points.reduce((worst, point) => ((high ? point[1] > worst[1] : point[1] < worst[1]) ? point : worst));
    const limit = checks.find((check) => check.name === CHECKS[name])?.threshold ?? null;
    return [{ name, at: ms / 1000, value, limit, beyond: limit !== null && (high ? value > limit : value < limit) }];
  });
}
