// The words of the operators' pages, fetched with them.
import { spoken } from '../lib/texts.svelte.ts';
import boardsEn from '../texts/boards.en.ts';
import boardsFr from '../texts/boards.fr.ts';
import integratorsEn from '../texts/integrators.en.ts';
import integratorsFr from '../texts/integrators.fr.ts';
import policyEn from '../texts/policy.en.ts';
import policyFr from '../texts/policy.fr.ts';

export const policyWords = (): typeof policyEn => (spoken() === 'fr' ? policyFr : policyEn);
export const boardWords = (): typeof boardsEn => (spoken() === 'fr' ? boardsFr : boardsEn);
export const integratorWords = (): typeof integratorsEn => (spoken() === 'fr' ? integratorsFr : integratorsEn);
