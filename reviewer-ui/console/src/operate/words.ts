// The words of the operators' pages, fetched with them.
import { spoken } from '../lib/texts.svelte.ts';
import policyEn from '../texts/policy.en.ts';
import policyFr from '../texts/policy.fr.ts';

type Policy = typeof policyEn;
export const policyWords = (): Policy => (spoken() === 'fr' ? policyFr : policyEn);
