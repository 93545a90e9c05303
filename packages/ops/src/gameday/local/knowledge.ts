import { REGIONS, type RegionName } from './names.ts';
import type { RegionApp } from './region-app.ts';
import type { Stage } from './stage.ts';

type Running = NonNullable<RegionApp['running']>;

const runningIn = ({ apps }: Stage, regions: readonly RegionName[]): readonly Running[] =>
  regions.flatMap((region) => apps[region].running ?? []);

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
      const nodes = router.topology().nodes.filter((node) => node.region === region);
      return nodes.every(({ state }) => state !== 'primary') && writes !== 'pass' && writes !== 'warn';
    })
  );
}
