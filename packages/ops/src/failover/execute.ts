import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { Emit } from '../records/record.ts';
import { hasChanged } from './has-changed.ts';
import { howToGoOn } from './how-to-go-on.ts';
import { recording } from './recording.ts';
import type { RunContext } from './run-context.ts';
import type { Evidence, StepState } from './run-file/line.ts';
import { begun, doneEvidence } from './run-file/recorded.ts';
import { type FailoverStep, type Proof, StepFailure } from './steps/step.ts';

const POLL_MS = 200;

/**
 * Does the steps of a run, or what is left of them. A step that the run file calls done is measured again first. Each
 * step is written before it begins, and after it was proved.
 */
export const execute = (context: RunContext, steps: readonly FailoverStep[], emit: Emit): Promise<Outcome> =>
  recording(() => doSteps(context, steps, emit));

async function doSteps(context: RunContext, steps: readonly FailoverStep[], emit: Emit): Promise<Outcome> {
  const { file, plan, signal } = context;
  const unknown: string[] = [];
  for (const step of steps) {
    const { name } = step;
    const recorded = doneEvidence(file.lines, name);
    const isSettled = step.settledBy !== undefined && begun(file.lines, step.settledBy);
    if (recorded !== undefined && isSettled) continue;
    const startedMs = performance.now();
    const write = async (state: StepState, evidence: Evidence): Promise<void> => {
      await file.append(name, state, evidence);
      const tookMs = state === 'started' ? {} : { tookMs: performance.now() - startedMs };
      emit({ type: 'step', name, where: plan.target, state, evidence: evidence.says, ...tookMs });
    };
    if (recorded !== undefined) {
      const proof = await step.prove(context, undefined);
      if (proof.state === 'done') {
        const { evidence } = proof;
        // What the step has changed stays as it is recorded.
        if (step.differs?.(recorded, evidence) === true) {
          await file.append(name, 'done', { ...recorded, ...evidence, changed: recorded['changed'] });
        }
        emit({
          type: 'step',
          name,
          where: plan.target,
          state: 'done',
          evidence: `was done before: ${evidence.says}`,
        });
        continue;
      }
    }
    if (signal.aborted) return interrupted(context, name);
    await write('started', { says: step.says(plan), ...(await step.intent?.(context)) });
    const proof = await carryOut(step, context);
    if (signal.aborted && proof.state !== 'done') {
      await write('unknown', { says: 'interrupted' });
      return interrupted(context, name);
    }
    const state = proof.state === 'not-yet' ? 'failed' : proof.state;
    await write(state, proof.evidence);
    if (state === 'unknown') unknown.push(name);
    if (state === 'failed' || state === 'refused') return stopped(context, steps, name, state, proof, emit);
  }
  await file.append('end', 'done', { says: `${plan.target} is the primary` });
  const summary = `${plan.target} is the primary. Run ${file.id}.`;
  return unknown.length === 0
    ? { exit: EXIT.ok, summary }
    : { exit: EXIT.unknown, summary: `${summary} Not known: ${unknown.join(', ')}.` };
}

async function carryOut(step: FailoverStep, context: RunContext): Promise<Proof> {
  const { signal } = context;
  try {
    const before = await step.prove(context, undefined);
    if (before.state !== 'not-yet' || signal.aborted) return before;
    const acted = await step.act?.(context);
    const withinMs = typeof step.withinMs === 'number' ? step.withinMs : step.withinMs(context);
    const deadline = performance.now() + withinMs;
    for (;;) {
      const proof = await step.prove(context, acted);
      if (proof.state !== 'not-yet' || signal.aborted || performance.now() > deadline) return proof;
      context.progress(proof.evidence.says);
      await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    }
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error;
    const { message, vetoes } = error;
    return {
      state: vetoes === undefined ? 'failed' : 'refused',
      evidence: { says: message },
      ...(vetoes && { vetoes }),
    };
  }
}

const goOn = ({ file }: RunContext): string => howToGoOn(file.id, file.lines);

const interrupted = (context: RunContext, name: string): Outcome => ({
  exit: EXIT.interrupted,
  summary: `Interrupted in ${name}. ${goOn(context)}`,
});

function stopped(
  context: RunContext,
  steps: readonly FailoverStep[],
  name: string,
  state: 'failed' | 'refused',
  { evidence, vetoes = [] }: Proof,
  emit: Emit,
): Outcome {
  const says = evidence.says.replace(/\.$/, '');
  for (const veto of vetoes) emit({ type: 'finding', level: 'fault', ...veto });
  if (hasChanged(steps, context.file.lines))
    return { exit: EXIT.partly, summary: `${name}: ${says}. A part was done. ${goOn(context)}` };
  return state === 'refused'
    ? { exit: EXIT.refused, summary: `Refused: ${vetoes.map(({ id }) => id).join(', ')}. Nothing was changed.` }
    : { exit: EXIT.fault, summary: `${name}: ${says}. Nothing was changed. ${goOn(context)}` };
}
