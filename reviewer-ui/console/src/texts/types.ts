import type fr from './fr.ts';

/** The other language's words: the same keys, the same arguments. */
export type Widen<T> = T extends string ? string : T extends (...args: infer A) => string ? (...args: A) => string : { [K in keyof T]: Widen<T[K]> };
/** The French words give the keys. */
export type Texts = Widen<typeof fr>;
