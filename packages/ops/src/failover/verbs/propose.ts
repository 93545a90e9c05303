import type { Context, Outcome } from '../../command.ts';
import type { Operations } from '../../config/check-config.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Adapter } from '../adapters/adapter.ts';
import { makeAdapter } from '../adapters/make-adapter.ts';
import { fenceWarnings } from '../fence-warnings.ts';
import type { Plan, Proposal } from '../plan.ts';
import { scaleWarnings } from '../scale.ts';
import { targetsOf } from '../steps/scale.ts';
import { stepsOf } from '../steps.ts';
import type { Situation } from '../survey/situation.ts';
import { survey } from '../survey/survey.ts';
import { vantages } from '../vantages.ts';
import { object, type Vetoed } from '../vetoes.ts';
import { readProposal } from './proposal.ts';

export interface Proposed {
  readonly config: Operations;
  readonly adapter: Adapter;
  readonly situation: Situation;
  readonly proposal: Proposal;
  readonly vetoes: readonly Vetoed[];
}

/** Measures, and judges what the options ask for. Changes nothing. */
export async function propose(context: Context): Promise<Proposed> {
  const config = await context.config();
  const adapter = makeAdapter(config);
  context.emit({ type: 'progress', text: `asking ${config.nodes.length} servers` });
  const situation = await survey(config, adapter, context.signal);
  // What was not asked to its end would look like a region that is lost.
  context.signal.throwIfAborted();
  const proposal = readProposal(context, config, situation);
  const moment = { confirmedAtMs: situation.atMs, nowMs: Date.now(), isFencing: false };
  return { config, adapter, situation, proposal, vetoes: object(proposal, situation, moment) };
}

export const isPlan = (proposal: Proposal): proposal is Plan => proposal.target !== undefined;

export function emitVetoes({ emit }: Context, vetoes: readonly Vetoed[]): void {
  for (const veto of vetoes) emit({ type: 'finding', level: 'fault', ...veto });
}

export const refused = (vetoes: readonly Vetoed[]): Outcome => ({
  exit: EXIT.refused,
  summary: `Refused: ${vetoes.map(({ id }) => id).join(', ')}. Nothing was changed.`,
});

/** Prints what would be done, and what is against it. */
export function emitPlan(context: Context, proposed: Proposed): void {
  const { config, proposal, situation, vetoes } = proposed;
  const { emit } = context;
  if (proposal.mode === 'failover') {
    for (const { name, sees, says } of vantages(situation, proposal.from, proposal.here)) {
      emit({
        type: 'step',
        name: 'vantage',
        where: name,
        state: sees === 'unknown' ? 'unknown' : 'done',
        evidence: `${sees}: ${says}`,
      });
    }
  }
  if (isPlan(proposal)) {
    for (const step of stepsOf(proposal)) {
      emit({ type: 'step', name: step.name, where: proposal.target, state: 'planned', evidence: step.says(proposal) });
    }
  }
  // A plan that is refused fences nothing: its vetoes come first.
  if (vetoes.length === 0) for (const warning of fenceWarnings(proposed)) emit(warning);
  for (const warning of scaleWarnings(targetsOf({ config, plan: proposal }))) emit(warning);
  emitVetoes(context, vetoes);
}
