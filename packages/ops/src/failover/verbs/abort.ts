import type { Context, Outcome } from '../../command.ts';
import { EXIT } from '../../exit-codes.ts';
import { giveLogins } from '../../fence/give-logins.ts';
import { afterUnfence } from '../../fence/unfence.ts';
import type { Resumed } from '../../operator/pause-by-doors.ts';
import { list } from '../../options/text.ts';
import { regionOf } from '../plan.ts';
import type { RunContext } from '../run-context.ts';
import { begun, mayHaveActed } from '../run-file/recorded.ts';
import { revokedBy } from '../steps/fence.ts';
import { endPause, pausesByDoors } from '../steps/pause.ts';
import { StepFailure } from '../steps/step.ts';
import { openRun } from './open-run.ts';
import { withLock } from './with-lock.ts';

/** Gives a run up before the promotion: logins are given back, and writes go on. After it there is no way back. */
export const abort = (context: Context): Promise<Outcome> =>
  withLock(context, async () => {
    await using opened = await openRun(context);
    const run = opened.context;
    const { file, plan } = run;
    if (mayHaveActed(file.lines, 'promote')) {
      return {
        exit: EXIT.refused,
        summary: `Refused: the promotion of ${plan.target} was asked for, and cannot be taken back. Go on: regionkit failover resume --run ${file.id} --execute`,
      };
    }
    const undo = undoing(run);
    for (const { name, where, says } of undo) {
      context.emit({ type: 'step', name, where, state: 'planned', evidence: says });
    }
    if (context.values['execute'] !== true) {
      return {
        exit: EXIT.ok,
        summary: `Nothing was changed. Give it up with --execute: regionkit failover abort --run ${file.id} --execute`,
      };
    }
    await file.append('abort', 'started', { says: 'give the run up' });
    const failed: string[] = [];
    const unknown: string[] = [];
    for (const { name, where, work } of undo) {
      const ended = await work().then(
        ({ says, isKnown }) => {
          if (!isKnown) unknown.push(says);
          return { state: isKnown ? ('done' as const) : ('unknown' as const), says };
        },
        (error: unknown) => {
          if (!(error instanceof StepFailure)) throw error;
          failed.push(name);
          return { state: 'failed' as const, says: error.message };
        },
      );
      await file.append(name, ended.state, { says: ended.says });
      context.emit({ type: 'step', name, where, state: ended.state, evidence: ended.says });
    }
    if (failed.length > 0) {
      return {
        exit: EXIT.partly,
        summary: `Not undone: ${list(failed)}. The app there may be unable to log in, or hold its writes, until it is. The lines above say why. Again: regionkit failover abort --run ${file.id} --execute`,
      };
    }
    const hooked = (['fence', 'scale'] as const).filter(
      (name) => begun(file.lines, name) && run.config.failover.hooks[name].length > 0,
    );
    await file.append('abort', 'done', { says: 'given up' });
    const notKnown = unknown.length === 0 ? '' : ` Not known: whether the apps hold writes (${list(unknown)}).`;
    if (hooked.length > 0) {
      const summary = `Given up. What the hooks ${hooked.join(' and ')} did must be undone by hand.${notKnown}`;
      return { exit: EXIT.partly, summary };
    }
    return notKnown === ''
      ? { exit: EXIT.ok, summary: 'Given up. Nothing of it is left.' }
      : { exit: EXIT.unknown, summary: `Given up.${notKnown}` };
  });

interface Undoing {
  readonly name: string;
  readonly where: string;
  readonly says: string;
  work(): Promise<Resumed>;
}

function undoing(run: RunContext): readonly Undoing[] {
  const { file, plan, config } = run;
  const logins = [...revokedBy(run)].map(
    ([node, roles]): Undoing => ({
      name: 'unfence',
      where: node,
      says: `give ${list(roles)} the login on ${node}`,
      work: async () => {
        if (!config.nodes.some(({ id }) => id === node))
          throw new StepFailure(`${node} is not in the configuration: use the one of the run (--config)`);
        // A server may have been promoted since, by hand or by another run.
        const { rivals } = afterUnfence(await run.survey(), regionOf(node));
        if (rivals.length > 0)
          throw new StepFailure(`${list(rivals)} takes writes: with logins on ${node} there would be two primaries`);
        await giveLogins(run, node, roles);
        const answer = await run.state(node);
        const closed = answer.ok
          ? answer.value.apps.filter(({ name, canLogin }) => !canLogin && roles.includes(name))
          : [];
        if (!answer.ok || closed.length > 0)
          throw new StepFailure(`that ${list(roles)} may log in on ${node} could not be proved`);
        return { says: `${list(roles)} may log in on ${node}`, isKnown: true };
      },
    }),
  );
  const isPaused = begun(file.lines, 'pause') && (config.failover.hooks.resume.length > 0 || pausesByDoors(run));
  if (!isPaused) return logins;
  const says = 'let the apps go on writing (operatorToken, failover.hooks.resume)';
  return [...logins, { name: 'unpause', where: plan.from, says, work: () => endPause(run) }];
}
