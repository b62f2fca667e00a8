import type { Film, Point, Seen, Stretch } from './film.ts';
import type { Track, Video } from './types.ts';

const seconds = (ms: number): number => ms / 1000;

/** How many faces there were, as stretches of the same kind; a point holds until the next one. */
export function stretches(points: [number, number][], end: number): Stretch[] {
  const found: Stretch[] = [];
  points.forEach(([ms, faces], i) => {
    const kind = faces < 0.5 ? 'none' : faces < 1.5 ? 'one' : 'several';
    const to = seconds(points[i + 1]?.[0] ?? Math.max(end * 1000, ms));
    const last = found.at(-1);
    if (last?.kind === kind) last.to = to;
    else found.push({ from: seconds(ms), to, kind });
  });
  return found;
}

/** Frames a fifth of a second apart, joined where they say the same; a point holds until the next, or for as long again as the one before. */
export function seen(points: [number, number][]): Seen[] {
  const found: Seen[] = [];
  const usual = 200;
  points.forEach(([ms, value], i) => {
    const next = points[i + 1]?.[0] ?? ms + usual;
    const to = seconds(next - ms > 5 * usual ? ms + usual : next);
    const last = found.at(-1);
    if (last?.seen === value >= 0.5 && last.to === seconds(ms)) last.to = to;
    else found.push({ from: seconds(ms), to, seen: value >= 0.5 });
  });
  return found;
}

/** The service's recording as the player's timeline shows it. */
export function filmOf(video: Video): Film {
  const track = (name: string): Track | undefined => video.tracks?.find((candidate) => candidate.name === name);
  const ends = [
    ...(video.tracks ?? []).map((candidate) => candidate.points.at(-1)?.[0] ?? 0),
    ...video.asked.map((a) => a.at_ms),
    ...(video.heard ?? []).map((h) => h.end_ms),
  ];
  // Zero where nobody knows: then the player's own measure holds.
  const length = video.seconds ?? 0;
  const presence = track('face_present');
  const points = (name: string): Point[] => track(name)?.points.map(([ms, value]) => ({ at: seconds(ms), value })) ?? [];
  return {
    seconds: length,
    asked: video.asked.map((a) => ({ digit: a.digit, at: seconds(a.at_ms) })),
    heard: (video.heard ?? []).map((h) => ({ digit: h.digit, from: seconds(h.start_ms), to: seconds(h.end_ms), confidence: h.confidence })),
    presence: presence ? stretches(presence.points, length || seconds(Math.max(0, ...ends))) : null,
    cuts: track('cut')?.points.map(([ms]) => seconds(ms)) ?? null,
    document: track('document_shown') ? seen(track('document_shown')?.points ?? []) : null,
    turns: (video.moves ?? []).map((move) => ({ at: seconds(move.at_ms), direction: move.kind === 'document' ? 'document' : (move.direction ?? 'head') })),
    live: points('live_score'),
    lanes: { yaw: points('head_yaw'), pitch: points('head_pitch'), mouth: points('mouth'), voice: points('voice') },
    lips: video.lips ? { score: video.lips.score, lag: video.lips.lag_ms, seconds: video.lips.seconds } : null,
  };
}

const DRAWN = ['face_present', 'live_score', 'cut', 'document_shown', 'head_yaw', 'head_pitch', 'mouth', 'voice', 'periodicity', 'bars', 'lips', 'warmth'];

/** Tracks that neither the timeline nor the table of signs shows. */
export function otherTracks(video: Video): Track[] {
  return (video.tracks ?? []).filter((track) => !DRAWN.includes(track.name) && track.points.length > 1);
}
