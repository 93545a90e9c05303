import { regionOf } from '../plan.ts';
import type { RunContext } from '../run-context.ts';
import { surveyApps } from '../survey/survey.ts';
import { done, type FailoverStep, notYet, type Proof } from './step.ts';

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

async function proveApps(
  { config, plan, signal }: RunContext,
  acted: Readonly<Record<string, unknown>> | undefined,
): Promise<Proof> {
  const found = await followers({ config, plan, signal });
  if (found.missing.length === 0) return done(found.says);
  const says = `${found.says}; not yet: ${found.missing.join(', ')}`;
  const sinceMs = acted?.['sinceMs'] as number | undefined;
  const isLate = sinceMs !== undefined && performance.now() - sinceMs > plan.appsWithinMs;
  if (!isLate) return notYet(says);
  return { state: found.blind.length === found.missing.length ? 'unknown' : 'failed', evidence: { says } };
}

interface Followers {
  readonly says: string;
  /** What does not report the new primary, and of these what does not show the detail of its health. */
  readonly missing: readonly string[];
  readonly blind: readonly string[];
}

export async function followers({
  config,
  plan,
  signal,
}: Pick<RunContext, 'config' | 'plan' | 'signal'>): Promise<Followers> {
  const all = (await surveyApps(config, signal)).filter(({ region }) => region !== plan.from);
  if (all.length === 0)
    return { says: 'no other region has an origin in the configuration: no app was asked', missing: [], blind: [] };
  const to = regionOf(plan.target);
  const follows = all.filter(
    ({ answer }) =>
      answer.ok &&
      (answer.view.writes === 'pass' || answer.view.writes === 'warn') &&
      answer.view.regions.some(({ name, timeline }) => name === to && timeline !== undefined),
  );
  const missing = all.filter((one) => !follows.includes(one));
  return {
    says: `${follows.map(({ region }) => region).join(', ') || 'no app'} reports the primary in ${to}`,
    missing: missing.map(({ region }) => region),
    blind: missing.flatMap(({ region, answer }) => (!answer.ok && answer.why === 'no-detail' ? [region] : [])),
  };
}
