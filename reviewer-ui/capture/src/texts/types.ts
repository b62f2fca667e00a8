import type first from './fr.ts';
import type rest from './fr.rest.ts';

/** What is wrong and what to do; or a title and its explanation. */
export type Pair = [string, string];

// The French files are the pattern; every other language has the same keys, or does not compile.
export type First = typeof first;
export type Rest = typeof rest;
export type Texts = First & Rest;
