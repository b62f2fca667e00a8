import type { CheckScale } from './types.ts';

export type BandKind = 'accept' | 'review' | 'refuse';
export interface Band {
  kind: BandKind;
  from: number;
  to: number;
}

/** What the machine does with a score. Both thresholds belong to the better side. */
export function bandOf(scale: CheckScale, score: number): BandKind {
  const reaches = (threshold: number): boolean => (scale.higher_is_better ? score >= threshold : score <= threshold);
  if (reaches(scale.accept)) return 'accept';
  return scale.refuse === null || reaches(scale.refuse) ? 'review' : 'refuse';
}

/** The stretches of the scale from its low end to its high one; without a refusing threshold there is no third. */
export function bandsOf(scale: CheckScale): Band[] {
  const { low, high, accept } = scale;
  const refuse = scale.refuse ?? (scale.higher_is_better ? low : high);
  const bands: Band[] = scale.higher_is_better
    ? [
        { kind: 'refuse', from: low, to: refuse },
        { kind: 'review', from: refuse, to: accept },
        { kind: 'accept', from: accept, to: high },
      ]
    : [
        { kind: 'accept', from: low, to: accept },
        { kind: 'review', from: accept, to: refuse },
        { kind: 'refuse', from: refuse, to: high },
      ];
  return bands.filter((band) => band.to > band.from);
}
