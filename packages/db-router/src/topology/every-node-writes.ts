import { createHash } from 'node:crypto';
import { NO_POSITION, type Readings } from './readings.ts';

/**
 * Readings for an engine in which every node accepts writes and that reports no position: CockroachDB, YugabyteDB,
 * Aurora DSQL, or any single endpoint that decides itself. For the router all nodes are one server. It uses the local
 * node, then the nearest that answers. There are no tokens, no forks and no lag.
 *
 * @example
 * ```ts
 * createRegionRouter({ regions, pools, readings: everyNodeWrites('orders'), writes: 'remote-pool', coldStart: 'trust' });
 * ```
 *
 * @param cluster the name of the cluster, the same in every process. Two clusters need two names
 */
export function everyNodeWrites(cluster: string): Readings {
  if (typeof cluster !== 'string' || cluster === '') {
    throw new TypeError('everyNodeWrites: cluster must be a name; it must not be empty');
  }
  const digest = createHash('sha256').update(`regionkit cluster ${cluster}`).digest();
  const system = (digest.readBigUInt64BE() >> 1n).toString();
  return {
    sql: 'SELECT 1 AS alive',
    parse: () => ({
      system,
      server: system,
      inRecovery: false,
      readOnly: false,
      timeline: 1,
      timelineAtLeast: undefined,
      position: 0n,
      fork: undefined,
      streaming: false,
      segmentBytes: 0,
    }),
    insertPositionSql: NO_POSITION,
    seenPositionSql: NO_POSITION,
  };
}
