/** How a picture lies in its frame: moved by `x` and `y` pixels, `own` times as large as the frame asks. */
export interface Place {
  x: number;
  y: number;
  own: number;
}

const MOVES: Record<string, [number, number]> = { ArrowLeft: [-16, 0], ArrowRight: [16, 0], ArrowUp: [0, -16], ArrowDown: [0, 16] };
const MOST = 12;

/** As large as asked within limits, what lies in the middle staying there. */
export function scaled(place: Place, by: number): Place {
  const own = Math.min(MOST, Math.max(1, place.own * by));
  const ratio = own / place.own;
  return { own, x: place.x * ratio, y: place.y * ratio };
}
/** Where a key moves it: the arrows, `+` and `-`, `0` back to the beginning. Null for any other key. */
export function byKey(place: Place, key: string): Place | null {
  const move = MOVES[key];
  if (move) return { ...place, x: place.x + move[0], y: place.y + move[1] };
  if (key === '+') return scaled(place, 1.2);
  if (key === '-') return scaled(place, 1 / 1.2);
  return key === '0' ? { x: 0, y: 0, own: 1 } : null;
}
