import { setTimeout as sleep } from 'node:timers/promises';
import { openDoors } from '../../operator/ask-doors.ts';
import { foreignProcesses } from '../../operator/foreign-processes.ts';
import type { RunContext } from '../run-context.ts';
import { doneEvidence } from '../run-file/recorded.ts';
import { surveyApps } from '../survey/survey.ts';
import { type Followers, judgeFollowers, sayMissing } from './followers.ts';
import { done, type FailoverStep, notYet, type Proof } from './step.ts';

/** Between two looks at the operator doors. */
const EVERY_MS = 1_000;

/** The app of every other region knows the new primary, and can write to it. */
export const apps: FailoverStep = {
  name: 'apps',
  changes: false,
  // The plan has the limit: see prove.
  withinMs: 3_600_000,
  says: ({ target }) => `wait until the health of each region's app reports ${target}`,
  prove: proveApps,
  act: async () => ({ says: 'waited', sinceMs: performance.now() }),
};

async function proveApps(context: RunContext, acted: Readonly<Record<string, unknown>> | undefined): Promise<Proof> {
  const found = await followers(context);
  const foreign = found.missing.length === 0 ? await foreignOf(context) : [];
  if (found.missing.length === 0 && foreign.length === 0) return done(found.says);
  const says = `${found.says}; ${foreign.length > 0 ? foreign.join('; ') : `not yet: ${sayMissing(found)}`}`;
  const sinceMs = acted?.['sinceMs'] as number | undefined;
  const isLate = sinceMs !== undefined && performance.now() - sinceMs > context.plan.appsWithinMs;
  if (!isLate) {
    // Each look at the doors is several requests.
    if (acted !== undefined && foreign.length > 0)
      await sleep(EVERY_MS, undefined, { signal: context.signal }).catch(() => {});
    return notYet(says);
  }
  const isBlind = foreign.length === 0 && found.blind.length === found.missing.length;
  return { state: isBlind ? 'unknown' : 'failed', evidence: { says } };
}

/** Asks the app of every region once. */
export async function followers({
  config,
  plan: { from, target },
  file,
  signal,
}: Pick<RunContext, 'config' | 'plan' | 'file' | 'signal'>): Promise<Followers> {
  const timeline = doneEvidence(file.lines, 'promote')?.['timeline'];
  return judgeFollowers({
    apps: await surveyApps(config, signal),
    known: config.regions.map(({ name }) => name),
    from,
    target,
    timeline: typeof timeline === 'number' ? timeline : undefined,
  });
}

/** Of the other regions, if the operator doors can be asked: one answer of health shows one process behind a balancer. */
async function foreignOf({ config, plan, signal }: RunContext): Promise<readonly string[]> {
  const regions = config.regions.filter(({ name }) => name !== plan.from);
  const doors = await openDoors({ ...config, regions }, signal);
  return doors === undefined ? [] : foreignProcesses(await doors.ask());
}
