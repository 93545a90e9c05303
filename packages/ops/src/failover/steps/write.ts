import { hasRow, writeRow } from '../../smoke/row.ts';
import { regionOf } from '../plan.ts';
import { done, type FailoverStep, notYet, StepFailure } from './step.ts';

/** One row of our own was committed by the new primary, and is read back by another connection. */
export const write: FailoverStep = {
  name: 'write',
  changes: true,
  withinMs: 10_000,
  says: ({ target }) => `write a row into regionkit.smoke on ${target}, and read it back`,
  prove: async ({ on, plan, file }) => {
    const answer = await on(plan.target, async (client) => ({
      found: await hasRow(client, idOf(file.id)),
      standby: (await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')).rows[0]?.standby,
    }));
    if (!answer.ok) return notYet(`${plan.target} does not answer (${answer.why})`);
    const { found, standby } = answer.value;
    if (standby !== false) return { state: 'failed', evidence: { says: `${plan.target} is a standby` } };
    return found ? done(`a row was written and read back on ${plan.target}`) : notYet('the row is not there');
  },
  act: async ({ on, plan, file }) => {
    const answer = await on(plan.target, (client) => writeRow(client, idOf(file.id), regionOf(plan.target)));
    if (!answer.ok) throw new StepFailure(`the write failed on ${plan.target} (${answer.code ?? answer.why})`);
    return { says: 'a row was written' };
  },
};

const idOf = (run: string): string => `failover/${run}`;
