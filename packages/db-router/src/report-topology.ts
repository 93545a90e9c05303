import type { Engine } from './engine/engine.ts';
import { formatLsn } from './history/lsn.ts';
import type { RouterTopology } from './router-reports.ts';
import { localReport } from './topology/local-report.ts';

/** What `router.topology()` returns: the state of each node and of the primary, as this process sees them now. */
export function reportTopology<Name extends string>(engine: Engine, self: Name): RouterTopology<Name> {
  const { topology } = engine.live;
  const { primary } = topology;
  const forks = topology.forks.map((fork) => writtenOut({ ...fork }));
  const highest = topology.highest;
  const stale = engine.writeRoute.now().reason === 'stale-view';
  const { acceptedAtMs } = engine.live;
  const pause = engine.pauses.report();
  const acceptedForMs = acceptedAtMs === undefined ? undefined : engine.settings.clock.now() - acceptedAtMs;
  return {
    local: writtenOut({
      ...localReport(engine.live.store, self, { stale, probing: engine.guard.isProbing(), acceptedForMs }),
      forks,
      ...(pause !== undefined && { pause }),
    }),
    state: stale ? 'stale-view' : topology.state,
    ...(primary !== undefined &&
      !stale && {
        primary: writtenOut({
          region: primary.region as Name,
          epoch: primary.epoch,
          position: primary.position,
          ...(primary.node !== undefined && { node: engine.nodes[primary.node]?.id ?? '' }),
        }),
      }),
    ...(highest !== undefined && { highest }),
    ...(topology.regressed !== undefined && { regressed: topology.regressed }),
    forks,
    nodes: topology.nodes.map((view) =>
      writtenOut({
        id: view.id,
        region: view.region as Name,
        state: view.state,
        readable: view.readable,
        timeline: view.timeline,
        position: view.position,
        ...(view.lagMs !== undefined && { lagMs: view.lagMs }),
        ...(view.code !== undefined && { code: view.code }),
        ...(view.system !== undefined && { system: view.system }),
        ...(Number.isFinite(view.rttMs) && { rttMs: view.rttMs }),
        connections: engine.nodes[view.index]?.openCount ?? 0,
      }),
    ),
  };
}

/** JSON has no bigint. Positions are written as PostgreSQL writes them. */
function writtenOut<T extends object>(report: T): T {
  const written = (value: unknown): unknown => (typeof value === 'bigint' ? formatLsn(value) : value);
  return Object.defineProperty(report, 'toJSON', {
    value: () => Object.fromEntries(Object.entries(report).map(([name, value]) => [name, written(value)])),
  });
}
