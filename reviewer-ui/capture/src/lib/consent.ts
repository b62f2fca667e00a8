import { session } from './session.svelte.ts';
import { spoken } from './texts.svelte.ts';

/** Opens the case where there is none yet, and writes down what the applicant agreed to. */
export async function agree(biometrics: boolean): Promise<void> {
  if (!session.service.consent_version) session.service = await session.api.service();
  if (!session.record) await session.opened(await session.api.openCase(spoken()));
  await session.api.consent(session.service.consent_version, biometrics);
  await session.refresh();
  session.proceed();
}
