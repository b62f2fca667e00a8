/** An address that can be an e-mail address; the service decides finally. */
export function looksLikeEmail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/.test(text);
}

/** A number as the service wants it (`+33612345678`), or undefined if it cannot be one. */
export function mobileNumber(text: string): string | undefined {
  const digits = text.replace(/[\s.()\-/ ]/g, '').replace(/^00/, '+');
  if (/^\+33[67]\d{8}$/.test(digits)) return digits;
  if (/^\+(?!33)[1-9]\d{7,14}$/.test(digits)) return digits;
  if (/^0[67]\d{8}$/.test(digits)) return '+33' + digits.slice(1);
  return undefined;
}
