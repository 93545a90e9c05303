import { REGIONS, type RegionName } from './names.ts';
import type { RegionApp } from './region-app.ts';
import type { Stage } from './stage.ts';

type Running = NonNullable<RegionApp['running']>;

const runningIn = ({ apps }: Stage, regions: readonly RegionName[]): readonly Running[] =>
  regions.flatMap((region) => apps[region].running ?? []);

/** Whether every process that runs in these regions knows that the primary is in `region`, on this timeline or a later one. */
export function allFollow(stage: Stage, region: RegionName, timeline: number): boolean {
  const running = runningIn(stage, REGIONS);
  return (
    running.length > 0 &&
    running.every(({ router }) => {
      const { state, primary } = router.topology();
      return state === 'ready' && primary?.region === region && primary.epoch.timeline >= timeline;
    })
  );
}

/**
 * Whether no process that runs in these regions sees a primary in `region`: it probes none there, and the region itself
 * does not say that it takes writes. What an operator must know before a promotion.
 */
export function noneSees(stage: Stage, region: RegionName, from: readonly RegionName[] = REGIONS): boolean {
  const running = runningIn(stage, from);
  return (
    running.length > 0 &&
    running.every(({ router, health }) => {
      const writes = health.view.get(region)?.writes;
      return (
        nodesOf(router, region).every(({ state }) => state !== 'primary') && writes !== 'pass' && writes !== 'warn'
      );
    })
  );
}

/** Whether every process that runs has fenced the server of a region: it knows that its data has left the history. */
export function allFence(stage: Stage, region: RegionName): boolean {
  const running = runningIn(stage, REGIONS);
  return (
    running.length > 0 &&
    running.every(({ router }) => nodesOf(router, region).every((node) => node.state === 'fenced'))
  );
}

const BEHIND_MS = 1_000;

/** Whether the process of a region measures that its own server is behind. */
export function isBehind(stage: Stage, region: RegionName): boolean {
  const router = stage.apps[region].running?.router;
  return router !== undefined && nodesOf(router, region).some(({ lagMs }) => lagMs !== undefined && lagMs > BEHIND_MS);
}

const nodesOf = (router: Running['router'], region: RegionName): ReturnType<Running['router']['topology']>['nodes'] =>
  router.topology().nodes.filter((node) => node.region === region);
