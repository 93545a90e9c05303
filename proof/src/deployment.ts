import type { Deployment } from './history/entries.ts';
import type { Random } from './random.ts';

/** How the apps of a run are set up. */
export function drawDeployment(random: Random): Deployment {
  const [writes, pools] = random.weighted<readonly [Deployment['writes'], Deployment['pools']]>([
    [['forward', 'all'], 4],
    [['forward', 'local'], 2],
    [['remote-pool', 'all'], 3],
    [['reject', 'all'], 1],
  ]);
  // In this order: a seed means the same as before there were endpoints.
  const [store, monotonicReads, endpoint] = [random.chance(0.5), random.chance(0.7), random.chance(0.35)];
  const [several, strays, readsHistory] = [random.chance(0.25), random.chance(0.5), random.chance(0.5)];
  return { writes, pools, store, monotonicReads, endpoint, processes: several ? 2 : 1, strays, readsHistory };
}
