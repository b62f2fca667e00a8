// What happened in the recording, in its own seconds: what the player's timeline shows and its keys jump to.

export interface Asked {
  digit: string;
  at: number;
}
export interface Heard {
  digit: string;
  from: number;
  to: number;
  confidence: number | null;
}
export interface Stretch {
  from: number;
  to: number;
  kind: 'one' | 'several' | 'none';
}
export interface Seen {
  from: number;
  to: number;
  seen: boolean;
}
export interface Film {
  seconds: number;
  asked: Asked[];
  heard: Heard[];
  /** Null where it was not measured. */
  presence: Stretch[] | null;
  cuts: number[] | null;
  /** Frames looked at while the document was to be held up, joined: was it seen? Null where it was not asked for or not measured. */
  document: Seen[] | null;
  turns: { at: number; direction: string }[];
  /** Bona fide score over time. */
  live: Point[];
  /** Head in degrees from its rest, gap of the lips over their width, sound in dB; empty where not measured. */
  lanes: Record<'yaw' | 'pitch' | 'mouth' | 'voice', Point[]>;
  lips: null | { score: number; lag: number; seconds: number };
}
export interface Point {
  at: number;
  value: number;
}

export const lowest = (points: readonly Point[]): number => points.reduce((least, p) => Math.min(least, p.value), Infinity);
export const highest = (points: readonly Point[]): number => points.reduce((most, p) => Math.max(most, p.value), -Infinity);

export interface Mark {
  at: number;
  kind: 'asked' | 'heard' | 'cut' | 'turn' | 'lost' | 'several';
  what: string;
}

/** Where the jump keys stop, in order. */
export function marksOf(film: Film): Mark[] {
  const marks: Mark[] = [
    ...film.asked.map((a): Mark => ({ at: a.at, kind: 'asked', what: a.digit })),
    ...film.heard.map((h): Mark => ({ at: h.from, kind: 'heard', what: h.digit })),
    ...(film.cuts ?? []).map((at): Mark => ({ at, kind: 'cut', what: '' })),
    ...film.turns.map((turn): Mark => ({ at: turn.at, kind: 'turn', what: turn.direction })),
    ...(film.presence ?? [])
      .filter((p) => p.kind !== 'one')
      .map((p): Mark => ({ at: p.from, kind: p.kind === 'none' ? 'lost' : 'several', what: '' })),
  ];
  return marks.sort((a, b) => a.at - b.at);
}

/** The mark after or before a moment; what stands there already is passed over. */
export function neighbour(marks: readonly Mark[], now: number, way: 1 | -1): Mark | undefined {
  const near = 0.08;
  return way > 0 ? marks.find((m) => m.at > now + near) : marks.findLast((m) => m.at < now - near);
}
