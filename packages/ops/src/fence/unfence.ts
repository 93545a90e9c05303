import type { Context, Outcome } from '../command.ts';
import type { Operations } from '../config/check-config.ts';
import { EXIT } from '../exit-codes.ts';
import { makeAdapter } from '../failover/adapters/make-adapter.ts';
import { StepFailure } from '../failover/steps/step.ts';
import { appRolesOf } from '../failover/survey/app-roles.ts';
import { isFenced, type KnownNode, type Situation, writers } from '../failover/survey/situation.ts';
import { survey } from '../failover/survey/survey.ts';
import { list } from '../options/text.ts';
import { ask } from '../postgres/ask.ts';
import { giveLogins } from './give-logins.ts';

/** Gives the app of `region` its logins back. Refuses where that would make a second primary. */
export async function unfence({ emit, signal }: Context, config: Operations, region: string): Promise<Outcome> {
  const situation = await survey(config, makeAdapter(config), signal);
  signal.throwIfAborted();
  const { servers, rivals, silent } = afterUnfence(situation, region);
  if (servers.length === 0)
    return {
      exit: EXIT.unknown,
      summary: `No server of ${region} that takes writes can be reached. Nothing was changed: logins that were revoked there are still revoked.`,
    };
  if (rivals.length > 0) {
    emit({
      type: 'finding',
      id: 'another-writer',
      level: 'fault',
      where: region,
      evidence: `The app could write to ${list([...servers, ...rivals])}: two primaries, whose writes diverge.`,
      fix: 'Rebuild the old primary as a standby. If it must take the writes after all, fence the other one first.',
    });
    return { exit: EXIT.refused, summary: 'Refused: another-writer. Nothing was changed.' };
  }
  const roles = appRolesOf(config);
  for (const id of servers) {
    const url = config.nodes.find((node) => node.id === id)?.url ?? '';
    try {
      await giveLogins({ on: (_, work) => ask({ url, timeoutMs: 10_000, signal }, work) }, id, roles);
      emit({ type: 'step', name: 'unfence', where: id, state: 'done', evidence: `${list(roles)} may log in` });
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      emit({ type: 'step', name: 'unfence', where: id, state: 'failed', evidence: error.message });
      return { exit: EXIT.fault, summary: error.message };
    }
  }
  const says = `The app of ${region} may log in. What the hooks did must be undone by hand.`;
  return silent.length === 0
    ? { exit: EXIT.ok, summary: says }
    : { exit: EXIT.unknown, summary: `${says} Not known: whether ${list(silent)} takes writes as well.` };
}

interface AfterUnfence {
  /** The servers of the region that take writes. */
  readonly servers: readonly string[];
  /** Servers to which the app could write as well. */
  readonly rivals: readonly string[];
  /** Servers elsewhere that could not be asked. */
  readonly silent: readonly string[];
}

/** Who would take writes if the app of `region` got its logins back. Pure. */
export function afterUnfence(situation: Situation, region: string): AfterUnfence {
  const ids = (nodes: readonly KnownNode[]): readonly string[] => nodes.map(({ id }) => id);
  const all = writers(situation);
  const [first, ...others] = all.filter((node) => node.region === region);
  return {
    servers: first === undefined ? [] : [first.id],
    rivals: [...ids(others), ...ids(all.filter((node) => node.region !== region && !isFenced(node)))],
    silent: situation.nodes.flatMap((node) => (node.region === region || node.answer.ok ? [] : [node.id])),
  };
}
