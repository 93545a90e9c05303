import type { RunContext } from '../failover/run-context.ts';
import { StepFailure } from '../failover/steps/step.ts';

/** Gives roles their logins on a server that takes writes. @throws {StepFailure} */
export async function giveLogins(
  { on }: Pick<RunContext, 'on'>,
  node: string,
  roles: readonly string[],
): Promise<void> {
  const answer = await on(node, async (client) => {
    await client.query('SET synchronous_commit = local');
    for (const role of roles) await client.query(`ALTER ROLE ${client.escapeIdentifier(role)} LOGIN`);
  });
  if (!answer.ok) throw new StepFailure(`the logins on ${node} could not be given (${answer.code ?? answer.why})`);
}
