import { hostname } from 'node:os';
import { noteMoment } from '@regionkit/core/kit';
import type { EventLog } from './event-log.ts';
import type { CheckedOperatorOptions } from './options.ts';
import { poolStatus } from './pools.ts';

/** The version of the answer. Members may be added without another one. */
const FORMAT = 1;

/** Returns what this process knows now, from memory. */
export function createStatus<Name extends string>(
  { regions, router, pools, health, clock }: CheckedOperatorOptions<Name>,
  log: EventLog,
  id: string,
): () => object {
  const identity = {
    id,
    host: hostname(),
    pid: process.pid,
    node: process.version,
  };
  const startedAtMs = noteMoment(clock, process.uptime() * 1_000);
  return () => {
    const { local: { pause, voids = [] } = {}, ...topology } = router.topology();
    const nowMs = clock.now();
    return {
      format: FORMAT,
      process: { ...identity, startedAt: new Date(startedAtMs()).toISOString() },
      region: regions.self,
      at: new Date(clock.wallMs()).toISOString(),
      writes: router.writes,
      topology,
      voids,
      ...(pause !== undefined && pause.leftMs > 0 && { pause }),
      stats: router.stats(),
      ...(pools !== undefined && { pools: poolStatus(pools) }),
      secrets: Object.fromEntries(regions.list.map(({ name }) => [name, router.secrets(name as never)])),
      ...(health !== undefined && {
        verdict: health.verdict(),
        regions: health.view
          .list()
          .map(({ name, reads, writes, accept, identified, observedAtMs, primary, highest }) => ({
            name,
            reads,
            writes,
            accept,
            identified,
            ...(Number.isFinite(observedAtMs) && { ageMs: Math.max(0, Math.round(nowMs - observedAtMs)) }),
            ...(primary !== undefined && { primary }),
            ...(highest !== undefined && { highest }),
          })),
      }),
      lastEventId: log.lastId,
      events: log.last(20),
    };
  };
}
