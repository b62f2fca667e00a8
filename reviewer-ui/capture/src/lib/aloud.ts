import { spoken } from './texts.svelte.ts';

// Only voices of the device itself: others send the text to another company.
function voice(): SpeechSynthesisVoice | undefined {
  const all = window.speechSynthesis?.getVoices() ?? [];
  return all.find((v) => v.localService && v.lang.startsWith(spoken()));
}

/** Asked early, because browsers fetch their list of voices only when it is first wanted. */
export function canReadAloud(): boolean {
  return voice() !== undefined;
}

export function readAloud(text: string, ended: () => void = () => {}): void {
  const chosen = voice();
  if (!chosen) return ended();
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(text);
  words.voice = chosen;
  words.lang = chosen.lang;
  words.onend = ended;
  words.onerror = ended;
  speechSynthesis.speak(words);
}

export function stopReading(): void {
  window.speechSynthesis?.cancel();
}
