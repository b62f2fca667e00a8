import type { Problem } from '@idproof/shared/api/problem.ts';

/** What is wrong with one field, in words; undefined where nothing is. */
export function faultOf(problem: Problem | null, pointer: string, words: Record<string, string>): string | undefined {
  const found = problem?.fields.find((field) => field.pointer === pointer);
  return found && (words[found.code] ?? words.invalid ?? found.code);
}

/** The problem where it is not told beside its fields already. */
export function plainTrouble(problem: Problem | null, told: readonly string[]): Problem | null {
  return problem && problem.fields.length > 0 && problem.fields.every((field) => told.includes(field.pointer)) ? null : problem;
}
