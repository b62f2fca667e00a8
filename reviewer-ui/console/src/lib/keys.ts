/** A key's place in the table of keys: a letter as typed, `1` to `9` by its place on the keyboard, or a named key. */
export type Key = string;

/** What was pressed, in the words of the table; null where no key of ours can be meant. */
export function pressed(event: KeyboardEvent): Key | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  // Digits by place: on a French keyboard they need the shift key otherwise.
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  if (digit) return digit;
  if (event.key === ' ') return 'space';
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

const TYPING = 'input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]';
const ACTING = 'button, a[href], summary, input, [role=slider], [role=application]';

/** Letters are off where one types, and a control that has the focus keeps its own keys. */
export function mayAct(event: KeyboardEvent, key: Key): boolean {
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest(TYPING)) return false;
  if (document.querySelector('dialog[open]')) return false;
  return !((key === 'space' || key === 'Enter') && at?.closest(ACTING));
}
