import { assessLoss, type Loss, sayLoss } from '../loss.ts';
import { candidates } from '../plan.ts';
import type { RunContext } from '../run-context.ts';
import type { Evidence } from '../run-file/line.ts';
import { begun, doneAtMs, doneEvidence } from '../run-file/recorded.ts';
import { vantages } from '../vantages.ts';
import { object } from '../vetoes.ts';
import { flushedAtFence } from './fence.ts';
import { done, type FailoverStep, type Proof } from './step.ts';

/** Everything is measured again, also when it was confirmed before; only the age of the first evidence counts. */
export const confirm: FailoverStep = {
  name: 'confirm',
  changes: false,
  settledBy: 'promote',
  withinMs: 0,
  says: ({ mode, from }) =>
    mode === 'failover'
      ? `measure that the primary in ${from} is gone`
      : `measure that a switchover from ${from} is safe`,
  prove: measure,
};

async function measure({ survey, plan, file }: RunContext): Promise<Proof> {
  const { lines } = file;
  const situation = await survey();
  const flushed = flushedAtFence({ file });
  const target = candidates(situation, plan.from).find(({ id }) => id === plan.target);
  const sights = vantages(situation, plan.from, plan.here);
  const facts = {
    vantages: sights,
    position: target?.state.position,
    loss: target === undefined ? undefined : assessLoss(situation, plan.from, target, flushed),
  };
  const isAccepted = isAcceptedBefore(doneEvidence(lines, 'confirm'), facts);
  const vetoes = object(plan, situation, {
    confirmedAtMs: doneAtMs(lines, 'confirm') ?? situation.atMs,
    nowMs: Date.now(),
    isFencing: begun(lines, 'fence'),
    run: file,
    flushed,
  }).filter(({ id }) => !(id === 'loss-not-accepted' && isAccepted));
  if (vetoes.length > 0) {
    const says = vetoes.map(({ id, evidence }) => `${id}: ${evidence}`).join(' ');
    return { state: 'refused', evidence: { says }, vetoes };
  }
  if (plan.mode === 'switchover') return done(`${plan.target} streams from ${plan.from}; no veto`, facts);
  const gone = sights.filter(({ sees }) => sees === 'gone').map(({ name }) => name);
  const loss = facts.loss === undefined ? '' : `; ${sayLoss(facts.loss)}`;
  return done(`${plan.from} has no primary for ${gone.join(', ')}; no veto${loss}`, facts);
}

/**
 * Whether the loss was accepted when it was confirmed, and is the same: the target has received nothing since, and the old primary
 * has written nothing that is known. Only the age of the last commit has grown, and the age of the evidence has a limit of its own.
 */
export function isAcceptedBefore(
  recorded: Evidence | undefined,
  now: { readonly position: string | undefined; readonly loss: Loss | undefined },
): boolean {
  const before = recorded?.['loss'] as Partial<Loss> | undefined;
  return before !== undefined && recorded?.['position'] === now.position && before.bytes === now.loss?.bytes;
}
