import type { Field } from './types.ts';

export type Verdict = 'agrees' | 'differs' | 'unknown';

/** A value as the zone writes it: capitals, no accents, no signs; dates as digits. */
export function plain(value: string): string {
  return value
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/ß/g, 'SS')
    .replace(/[Œœ]/g, 'OE')
    .replace(/[Ææ]/g, 'AE')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '');
}

/** Whether the values of a field agree. What the service says goes first: it knows the zone's ways of cutting and writing
    names; where it is silent the values are compared as written. Where there is nothing to compare nothing agrees. */
export function verdictOf(field: Field): Verdict {
  if (field.agrees !== null) return field.agrees ? 'agrees' : 'differs';
  const values = [field.declared, field.zone, field.print].filter((v): v is string => v !== null && v !== '').map(plain);
  if (values.length < 2) return 'unknown';
  return values.every((v) => v === values[0]) ? 'agrees' : 'differs';
}
