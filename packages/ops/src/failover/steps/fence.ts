import { fenceByRole, rolesToRevoke } from '../../fence/fence-by-role.ts';
import { type Flushed, flushedBy } from '../../fence/flushed-by.ts';
import { proveFence } from '../../fence/prove-fence.ts';
import { runEveryHook, runHooksInOrder } from '../../hooks/run-hooks.ts';
import type { RunContext } from '../run-context.ts';
import { evidences } from '../run-file/recorded.ts';
import { messageOf } from './message.ts';
import { done, type FailoverStep, isRecorded, notYet, StepFailure } from './step.ts';

/** The app can write to the old primary no more: its logins are revoked there, and the hooks have cut it off. */
export const fence: FailoverStep = {
  name: 'fence',
  changes: true,
  withinMs: 10_000,
  says: ({ from }) => `revoke the logins of the app on the servers of ${from} that take writes, and run the hooks`,
  prove: async (context, acted) => {
    const { config, plan, file, adapter, signal } = context;
    if (plan.mode === 'switchover' && adapter.demotes)
      return done(`${adapter.name} demotes the old primary`, { changed: false });
    const hasHooks = config.failover.hooks.fence.length > 0;
    if (hasHooks && acted === undefined && !isRecorded(file.lines, 'fence')) return notYet('the hooks have not run');
    const { state, says } = await proveFence(config, plan.from, plan.target, signal);
    if (state === 'open') return notYet(says);
    // Without an answer of the region only a hook can have fenced it.
    if (plan.requireFence && state === 'unreachable' && !hasHooks) {
      return { state: 'failed', evidence: { says: `${says}, no hook has fenced it, and --require-fence was given` } };
    }
    const how = acted === undefined ? '' : `${acted.says}; `;
    return done(`${how}${says}`, { reached: state !== 'unreachable', changed: acted !== undefined });
  },
  // A server that was reached and is silent now is still fenced: its logins stay revoked on its disk.
  differs: (recorded, now) => recorded['reached'] === false && now['reached'] === true,
  intent: async ({ config, plan, adapter, signal }) =>
    plan.mode === 'switchover' && adapter.demotes
      ? {}
      : { revokes: await rolesToRevoke(config, plan.from, plan.target, signal) },
  act: async (context) => {
    const { config, plan, signal, file } = context;
    // The roles first: what the old primary has flushed then is all that the app wrote. A hook may stop it.
    const says = [...(await fenceByRole(config, plan.from, plan.target, signal))];
    const { flushed } = await flushedBy(config, plan.from, plan.target, signal);
    if (flushed !== undefined) await file.append('fence', 'started', { says: 'the logins are revoked', flushed });
    const hooks = await runFenceHooks(context);
    if (hooks !== undefined) says.push(hooks);
    return { says: says.join('; ') || 'no server there takes writes' };
  },
};

/**
 * A hook often needs something of the region that is lost, and a region that does not answer cannot be asked. There its
 * failure does not stop a failover: it would stop it for as long as the region is lost.
 *
 * @throws {StepFailure} a hook failed, and the region answers, or a fence is required
 */
async function runFenceHooks(context: RunContext): Promise<string | undefined> {
  const { config, plan, signal } = context;
  const hooks = config.failover.hooks.fence;
  if (hooks.length === 0) return undefined;
  const isSwitchover = plan.mode === 'switchover';
  // In a failover each hook may be the one that still reaches the region.
  const run = isSwitchover ? runHooksInOrder : runEveryHook;
  const { ok, says } = await run(hooks, messageOf(context, 'fence'), signal);
  if (ok) return says;
  const isLost = async (): Promise<boolean> =>
    (await proveFence(config, plan.from, plan.target, signal)).state === 'unreachable';
  if (signal.aborted || isSwitchover || plan.requireFence || !(await isLost())) throw new StepFailure(says);
  return `${says}; this does not stop the failover, because the region does not answer`;
}

/** The roles that this run has revoked, or was about to, by server. */
export function revokedBy({ file }: Pick<RunContext, 'file'>): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, string[]>();
  for (const { step, evidence } of file.lines) {
    if (step !== 'fence') continue;
    for (const [node, roles] of Object.entries(evidence['revokes'] ?? {})) {
      // Of a text, each letter would be a role.
      if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) continue;
      all.set(node, [...new Set([...(all.get(node) ?? []), ...roles])]);
    }
  }
  return all;
}

/** What the old primary had flushed when its logins were revoked. */
export const flushedAtFence = ({ file }: Pick<RunContext, 'file'>): Flushed['flushed'] =>
  evidences(file.lines, 'fence').findLast(({ flushed }) => flushed !== undefined)?.['flushed'] as Flushed['flushed'];
