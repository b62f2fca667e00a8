// The service's own types by the pages' names. `openapi.d.ts` is generated: see `npm run types`.

import type { components } from './openapi.d.ts';

type Schemas = components['schemas'];

export type Case = Schemas['CaseView'];
export type CaseState = Case['state'];
export type Language = Case['language'];
export type OpenedCase = Schemas['OpenedCase'];
export type Contact = Schemas['ContactView'];

export type Identity = Schemas['Identity'];
export type Sex = Schemas['Sex'];

export type Upload = Schemas['UploadView'];
export type UploadKind = Upload['kind'];

export type Status = Schemas['StatusView'];
export type TimelineEntry = Schemas['TimelineEntry'];
export type DocumentType = Schemas['DocumentType'];
export type Quality = Schemas['Quality'];

/** What the applicant asked to be spared; every one leads to a person, none to a refusal. */
export type Adaptation = NonNullable<Schemas['ChallengeWish']['adapt']>[number];

export type Step = Schemas['StepView'] & { for_ms?: number };
export type Challenge = Omit<Schemas['ChallengeView'], 'steps'> & { steps: Step[] };

export type Letter = Schemas['LetterView'];
export type OpenedLetter = Schemas['OpenedLetter'];
export type Handover = Schemas['HandoverView'];
export type HandoverStatus = Schemas['HandoverStatus'];
export type Invitation = Schemas['Invitation'];
/** Before the service has answered there is less of it. */
export type Service = Pick<Schemas['ServiceInfo'], 'name' | 'consent_version' | 'support' | 'contacts' | 'open' | 'retention_hours'> &
  Partial<Pick<Schemas['ServiceInfo'], 'organisation'>>;

/** What stands between may have answered in the service's place, so that nothing is certain. */
export type ProblemBody = Partial<Omit<Schemas['Problem'], 'code'>> & { code?: string };
