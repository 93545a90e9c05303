import { guardRandom } from '@regionkit/core/kit';
import type { PoolNode } from '../connection/node.ts';
import { isServerError } from '../connection/outcome.ts';
import { OutcomeUnknownError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { Settings } from '../options.ts';
import type { LiveTopology } from '../topology/live-topology.ts';
import { isStandby } from '../topology/topology.ts';
import type { MonitorOptions } from './monitor.ts';
import { probeCode } from './probe-code.ts';
import type { WriteWatch } from './write-watch.ts';

const WATCH_MS = 10;
/** While there are writes: a standby that is promoted beside a living primary is then known within a second. */
const WRITING_MS = 750;
/** While a write waits, every node is probed this many times as often as while a primary is missing. */
const HELD_HASTE = 4;
/** In between, a standby is pinged this many times as often as it is probed while a primary is missing. */
const PING_HASTE = 20;
const LEAST_PING_MS = 5;
/** In a long outage pings become rare: the wait for the next one may be this share of the outage. */
const PING_SHARE_OF_OUTAGE = 1 / 2_000;
/** After this many unanswered probes the statements on a node are given up. */
const SILENT_PROBES = 2;
/** A name may lead elsewhere by now, and only a new connection shows that. */
const MAX_CONNECTION_MS = 60_000;
/** While a primary is missing, the name may be what moves. Up to half as much is added, so that processes differ. */
const MISSING_CONNECTION_MS = 2_000;
/** In a long outage new connections become rare: each may be this share of the outage old. */
const SHARE_OF_OUTAGE = 1 / 8;

export interface ProbeScheduleOptions {
  readonly settings: Settings;
  readonly nodes: readonly PoolNode[];
  readonly live: LiveTopology;
  readonly emit: Emit;
  /** Whether a write waits for a primary. */
  holding(): boolean;
  /** Whether a read waits for this node to catch up. */
  watched(index: number): boolean;
  readonly writes: Omit<WriteWatch, 'wrote' | 'unreached'>;
}

/** Decides how often each node is probed, and what happens with the result. */
export function createProbeSchedule({
  settings,
  nodes,
  live,
  emit,
  holding,
  watched,
  writes,
}: ProbeScheduleOptions): Pick<
  MonitorOptions,
  'paceMs' | 'pingMs' | 'startsAnew' | 'maxConnectionMs' | 'onReading' | 'onFailure'
> {
  const { clock, alertIntervalMs, intervalMs } = settings;
  const silentProbes = nodes.map(() => 0);
  const failureCodes: (string | undefined)[] = nodes.map(() => undefined);
  const leastMs = MISSING_CONNECTION_MS * (1 + guardRandom(settings.random)() / 2);

  return {
    paceMs: (index) => {
      if (watched(index)) return WATCH_MS;
      if (holding()) return alertIntervalMs / HELD_HASTE;
      const view = live.topology.nodes[index];
      // Not judged yet, or about to follow a new timeline: its known state may be outdated at any moment.
      const unsettled =
        view?.lagMs === undefined && (view?.state === 'stale' || (view?.state === 'old-timeline' && view.readable));
      // Reports of a region may still name a primary that does not answer this process. Probe it often, so that its
      // waiters do not wait long.
      const silent = silentProbes[index] === SILENT_PROBES - 1;
      if (live.topology.state !== 'ready' || unsettled || silent) return alertIntervalMs;
      // Its writes already show the state of the primary.
      if (index === live.topology.primary?.node) return intervalMs;
      if (writes.isAlarmed()) return Math.min(alertIntervalMs, intervalMs);
      return writes.isWriting() ? Math.min(WRITING_MS, intervalMs) : intervalMs;
    },
    pingMs: (index) => {
      const view = live.topology.nodes[index];
      const { missingSinceMs } = live.store;
      if (!holding() || missingSinceMs === undefined || view === undefined || !isStandby(view.state))
        return Number.POSITIVE_INFINITY;
      const pingMs = Math.max(
        LEAST_PING_MS,
        alertIntervalMs / PING_HASTE,
        (clock.now() - missingSinceMs) * PING_SHARE_OF_OUTAGE,
      );
      // A ping that finds something costs the round trip of a probe after it. On average it saves half of this difference.
      const isWorth = view.rttMs < (alertIntervalMs / HELD_HASTE - pingMs) / 2;
      return isWorth ? pingMs : Number.POSITIVE_INFINITY;
    },
    startsAnew: (index) => {
      const state = live.topology.nodes[index]?.state;
      return state === 'fenced' || state === 'foreign';
    },
    maxConnectionMs: () => {
      const { missingSinceMs } = live.store;
      const missingMs = missingSinceMs === undefined ? 0 : clock.now() - missingSinceMs;
      // At first the open connections are quicker: a promotion shows itself on them.
      if (missingMs < leastMs) return MAX_CONNECTION_MS;
      return Math.min(MAX_CONNECTION_MS, Math.max(leastMs, missingMs * SHARE_OF_OUTAGE));
    },
    onReading: (index, reading, sentAtMs) => {
      silentProbes[index] = 0;
      failureCodes[index] = undefined;
      live.apply({ type: 'reading', node: index, reading, sentAtMs, atMs: clock.now() });
      if (!reading.inRecovery) writes.attached(index, reading.senders);
    },
    onFailure: (index, error) => {
      const node = nodes[index];
      const code = probeCode(error);
      if (failureCodes[index] !== code) emit('probe-failed', { node: node?.id ?? '', code });
      failureCodes[index] = code;
      // A server that refuses this process is running. Do not give up its statements.
      silentProbes[index] = isServerError(error) ? 0 : (silentProbes[index] ?? 0) + 1;
      live.apply({ type: 'failed', node: index, code, atMs: clock.now() });
      if (silentProbes[index] === SILENT_PROBES) node?.destroyAll(new OutcomeUnknownError(node.id));
    },
  };
}
