import type { Flushed } from '../fence/flushed-by.ts';
import { inARun } from './in-a-run.ts';
import { assessLoss } from './loss.ts';
import { candidates, type Proposal } from './plan.ts';
import { doneEvidence } from './run-file/recorded.ts';
import type { Situation } from './survey/situation.ts';
import { anotherWriter } from './vetoes/another-writer.ts';
import { evidenceOld } from './vetoes/evidence-old.ts';
import { foreignSystem } from './vetoes/foreign-system.ts';
import { lastRegion } from './vetoes/last-region.ts';
import { lossNotAccepted } from './vetoes/loss-not-accepted.ts';
import { managed } from './vetoes/managed.ts';
import { noPrimary } from './vetoes/no-primary.ts';
import { notFurthestAhead } from './vetoes/not-furthest-ahead.ts';
import { notStreaming } from './vetoes/not-streaming.ts';
import { rebuildBeforeSalvage } from './vetoes/rebuild-before-salvage.ts';
import { replayPaused } from './vetoes/replay-paused.ts';
import { stillStreams } from './vetoes/still-streams.ts';
import { targetBehind } from './vetoes/target-behind.ts';
import { tooFewVantages } from './vetoes/too-few-vantages.ts';
import type { Case, Objection, Veto } from './vetoes/veto.ts';

/** Every veto, the gravest first. */
export const VETOES: readonly Veto[] = [
  anotherWriter,
  stillStreams,
  noPrimary,
  lastRegion,
  foreignSystem,
  managed,
  evidenceOld,
  tooFewVantages,
  notFurthestAhead,
  notStreaming,
  targetBehind,
  replayPaused,
  lossNotAccepted,
  rebuildBeforeSalvage,
];

export interface Vetoed extends Objection {
  readonly id: string;
}

export type Moment = Pick<Case, 'confirmedAtMs' | 'nowMs' | 'isFencing' | 'isPromoting' | 'run'> & {
  /** What the old primary had flushed when this run has fenced it. */
  readonly flushed?: Flushed['flushed'];
};

/** Everything that is against it. */
export function object(plan: Proposal, situation: Situation, { flushed, ...moment }: Moment): readonly Vetoed[] {
  const target = candidates(situation, plan.from).find(({ id }) => id === plan.target);
  const loss = target === undefined ? undefined : assessLoss(situation, plan.from, target, flushed);
  const { run } = moment;
  const discardTail = plan.discardTail || (run !== undefined && doneEvidence(run.lines, 'discard-tail') !== undefined);
  const about: Case = { plan: { ...plan, discardTail }, situation, target, loss, ...moment };
  return VETOES.flatMap((veto) => {
    const objection = veto.object(about);
    if (objection === undefined) return [];
    const fix = run === undefined ? objection.fix : inARun(objection.fix, run);
    return [{ id: veto.id, ...objection, fix }];
  });
}
