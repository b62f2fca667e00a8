import type { Adaptation, Step } from '@idproof/shared/api/types.ts';
import type { Texts } from '../texts/types.ts';

/** What a step asks, in one sentence: for the screen, the screen reader and the captions. */
export function instruction(step: Step, adapt: Adaptation[], words: Texts['video']): string {
  switch (step.kind) {
    case 'digit':
      if (adapt.includes('no_speech')) return words.digitTouch(step.digit);
      return adapt.includes('sign') ? words.digitSign(step.digit) : words.digit(step.digit);
    case 'head':
      return words.head[step.direction];
    case 'document':
      return words.documentStep;
  }
}

const stamp = (ms: number): string => new Date(Math.max(0, ms)).toISOString().slice(11, 23);

/** Captions for the preview: what was asked, when. WebVTT. */
export function captions(
  take: { steps: Step[]; shown: { step: number; at_ms: number }[] },
  adapt: Adaptation[],
  words: Texts['video'],
): string {
  const cues = take.shown.map(({ step, at_ms }, i) => {
    const asked = take.steps[step];
    const end = take.shown[i + 1]?.at_ms ?? at_ms + 3000;
    return `${stamp(at_ms)} --> ${stamp(end)}\n${asked ? words.caption(instruction(asked, adapt, words)) : ''}`;
  });
  return ['WEBVTT', ...cues].join('\n\n');
}
