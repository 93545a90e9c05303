import type { RegionView } from '@regionkit/core';
import type { TrackedCheck } from '../checks/track.ts';
import type { HealthVerdict } from '../verdict/judge.ts';

/**
 * The long answer, which requires the token: `application/health+json`, with additional members of our own
 * (https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06).
 */
export function detail(
  status: 'pass' | 'warn' | 'fail',
  verdict: HealthVerdict,
  checks: Iterable<TrackedCheck>,
  view: RegionView,
  version: string | undefined,
  nowMs: number,
  warnings: Readonly<Record<string, string>>,
): string {
  const { reads, writes, accept, phase, since, failing } = verdict;
  return JSON.stringify({
    status,
    reads,
    writes,
    accept,
    phase,
    since: new Date(since).toISOString(),
    failing,
    ...(version !== undefined && { version }),
    region: view.self,
    warnings,
    checks: Object.fromEntries([...checks].map((check) => [check.name, [describe(check)]])),
    regions: view.list().map(({ name, reads, writes, accept, identified, observedAtMs, primary }) => ({
      name,
      reads,
      writes,
      accept,
      identified,
      ...(Number.isFinite(observedAtMs) && { ageMs: Math.max(0, Math.round(nowMs - observedAtMs)) }),
      ...(primary !== undefined && { primary: { timeline: primary.epoch.timeline, owner: primary.epoch.owner } }),
    })),
  });
}

function describe({ status, stale, lastRun, lastRunWallMs, affects, severity, scope }: TrackedCheck): object {
  return {
    status,
    ...(stale && { stale }),
    ...(lastRunWallMs !== undefined && { time: new Date(lastRunWallMs).toISOString() }),
    ...(lastRun !== undefined && {
      latest: lastRun.status,
      reason: lastRun.reason,
      durationMs: Math.round(lastRun.durationMs),
      ...(lastRun.observed !== undefined && { observedValue: lastRun.observed }),
      ...(lastRun.unit !== undefined && { observedUnit: lastRun.unit }),
      ...(lastRun.message !== undefined && { output: lastRun.message }),
    }),
    affects,
    severity,
    scope,
  };
}
