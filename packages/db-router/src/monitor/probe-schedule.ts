import type { PoolNode } from '../connection/node.ts';
import { isServerError } from '../connection/outcome.ts';
import { OutcomeUnknownError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { Settings } from '../options.ts';
import type { LiveTopology } from '../topology/live-topology.ts';
import type { MonitorOptions } from './monitor.ts';
import { probeCode } from './probe-code.ts';
import type { WriteWatch } from './write-watch.ts';

const WATCH_MS = 10;
/** While writes flow: a standby promoted beside a primary that lives is then known within a second. */
const WRITING_MS = 750;
/** While a write is held every node is looked at that many times as often as while a primary is merely missing. */
const HELD_HASTE = 4;
/** Looks without an answer after which who waits for one of its statements waits in vain. */
const SILENT_LOOKS = 2;

export interface ProbeScheduleOptions {
  readonly settings: Settings;
  readonly nodes: readonly PoolNode[];
  readonly live: LiveTopology;
  readonly emit: Emit;
  /** Whether a write waits for a primary. */
  holding(): boolean;
  /** Whether a read waits for this node to catch up. */
  watched(index: number): boolean;
  readonly writes: Omit<WriteWatch, 'wrote'>;
}

/** How often each node is looked at, and what becomes of what is seen. */
export function createProbeSchedule({
  settings,
  nodes,
  live,
  emit,
  holding,
  watched,
  writes,
}: ProbeScheduleOptions): Pick<MonitorOptions, 'paceMs' | 'startsAnew' | 'onReading' | 'onFailure'> {
  const { clock, alertMs, quietMs } = settings;
  const silentLooks = nodes.map(() => 0);
  const failureCodes: (string | undefined)[] = nodes.map(() => undefined);

  return {
    paceMs: (index) => {
      if (watched(index)) return WATCH_MS;
      if (holding()) return alertMs / HELD_HASTE;
      const view = live.topology.nodes[index];
      // Not judged yet, or about to follow a new timeline: what is known of it is out of date at any moment.
      const unsettled =
        view?.lagMs === undefined && (view?.state === 'stale' || (view?.state === 'behind' && view.readable));
      // Documents may still tell of a primary that has fallen silent here: whoever waits for it must not wait for long.
      const silent = silentLooks[index] === SILENT_LOOKS - 1;
      if (live.topology.state !== 'ready' || unsettled || silent) return alertMs;
      // Its writes say how the primary itself is.
      if (index === live.topology.primary?.node) return quietMs;
      if (writes.isAlarmed()) return Math.min(alertMs, quietMs);
      return writes.isWriting() ? Math.min(WRITING_MS, quietMs) : quietMs;
    },
    startsAnew: (index) => {
      const state = live.topology.nodes[index]?.state;
      return state === 'fenced' || state === 'foreign';
    },
    onReading: (index, reading, sentAtMs) => {
      silentLooks[index] = 0;
      failureCodes[index] = undefined;
      live.take({ type: 'reading', node: index, reading, sentAtMs, atMs: clock.now() });
      if (!reading.inRecovery) writes.attached(index, reading.senders);
    },
    onFailure: (index, error) => {
      const node = nodes[index];
      const code = probeCode(error);
      if (failureCodes[index] !== code) emit('probe-failed', { node: node?.id ?? '', code });
      failureCodes[index] = code;
      // A server that refuses us is there: who waits for one of its statements need not give up.
      silentLooks[index] = isServerError(error) ? 0 : (silentLooks[index] ?? 0) + 1;
      live.take({ type: 'failed', node: index, code, atMs: clock.now() });
      if (silentLooks[index] === SILENT_LOOKS) node?.destroyAll(new OutcomeUnknownError(node.id));
    },
  };
}
