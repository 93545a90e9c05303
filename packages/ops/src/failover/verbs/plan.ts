import type { Context, Outcome } from '../../command.ts';
import { EXIT } from '../../exit-codes.ts';
import { fenceWarnings } from '../fence-warnings.ts';
import { emitPlan, propose, refused } from './propose.ts';

/** What would be done now, and what is against it. Changes and writes nothing. */
export async function plan(context: Context): Promise<Outcome> {
  const proposed = await propose(context);
  emitPlan(context, proposed);
  const { vetoes, proposal } = proposed;
  if (vetoes.length > 0) return refused(vetoes);
  const fence = fenceWarnings(proposed).map(({ evidence }) => ` ${evidence.split(':')[0]}: see cannot-fence.`);
  return {
    exit: EXIT.ok,
    summary: `${proposal.target} can be promoted. Nothing was changed: add --execute to failover run.${fence.join('')}`,
  };
}
