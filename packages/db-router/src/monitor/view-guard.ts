import type { Clock } from '@regionkit/core/kit';
import { isResponding } from '../topology/facts.ts';
import type { LiveTopology } from '../topology/live-topology.ts';

/** Decides whether the known state is too old to start a write. If so, every node is probed before it is used again. */
export interface ViewGuard {
  /** Too old now, or from before a suspension. Begins to renew it, unless that is under way. */
  isStale(): boolean;
  /** What is known of this process's own nodes is from before a suspension, or too old. */
  isProbing(): boolean;
  /** Begins to renew what is known if the process was suspended. To be called on every beat. */
  checkSuspension(): void;
}

export interface ViewGuardOptions {
  readonly clock: Clock;
  readonly live: LiveTopology;
  readonly maxViewAgeMs: number;
  readonly timeoutMs: number;
  /** True once after a suspension. */
  wasSuspended(): boolean;
  onSuspended(): void;
  /** Probes a node. Resolves when a probe that started after this call has answered or failed. */
  probe(index: number): Promise<void>;
  /** Whether each region whose nodes do not all answer here was asked after that time, and answered or did not. */
  isHeardSince(atMs: number): boolean;
  /** The known state may be used again. */
  onRenewed(): void;
}

const LEAST_GRACE_MS = 250;
/** How often it checks whether the regions have answered. */
const LOOK_MS = 25;
/** A probe may have to open its connection again: TCP, TLS, the login, and the query. */
const GRACE_ROUND_TRIPS = 8;

export function createViewGuard(options: ViewGuardOptions): ViewGuard {
  const { clock, live } = options;
  let state: 'known' | 'probing' | 'asking' = 'known';
  let rounds = 0;
  let renewedAtMs = Number.NEGATIVE_INFINITY;

  const renew = (graceMs: number, isHeard: () => boolean = () => true): void => {
    rounds += 1;
    const round = rounds;
    state = 'probing';
    const before = live.store.facts.nodes;
    const silent = new Set(before.map(({ index }) => index));
    let isOver = false;

    const settle = (): void => {
      // Suspended again meanwhile. The answers may be from before.
      if (round !== rounds || state === 'known') return;
      if (silent.size > 0 && !(isOver && isSure(before, silent))) return;
      if (!isOver && !isHeard()) {
        state = 'asking';
        clock.schedule(settle, LOOK_MS);
        return;
      }
      cancel();
      state = 'known';
      renewedAtMs = clock.now();
      options.onRenewed();
    };
    const cancel = clock.schedule(() => {
      isOver = true;
      settle();
    }, graceMs);
    for (const { index } of before) {
      void options.probe(index).then(() => {
        silent.delete(index);
        settle();
      });
    }
  };

  /**
   * Whether the primary may be trusted although other nodes are silent, because a node behind a broken path would not
   * answer later either. Each silent node was silent before, or no standby has disconnected from the primary since. A
   * promoted standby would disconnect.
   */
  const isSure = (before: LiveTopology['store']['facts']['nodes'], silent: ReadonlySet<number>): boolean => {
    const { state, primary } = live.topology;
    if (state !== 'ready') return false;
    // Only the reports of its region name it. That region decides itself about writes that are forwarded to it.
    if (primary?.node === undefined) return true;
    if (silent.has(primary.node)) return false;
    const had = before[primary.node]?.reading?.senders;
    const has = live.store.facts.nodes[primary.node]?.reading?.senders;
    const standbys = before.filter((node) => isResponding(node) && node.reading.inRecovery).length;
    // A backup counts as a standby, too. A lower number than there were standbys, or none, says nothing about a single
    // one.
    const isHeld = had !== undefined && has !== undefined && had > 0 && had >= standbys && has >= had;
    return [...silent].every((index) => isHeld || (before[index]?.failures ?? 0) > 0);
  };

  /** How long the slowest answering node usually takes, with a margin. */
  const usualGraceMs = (): number => {
    const usual = live.topology.nodes.map(({ rttMs }) => (Number.isFinite(rttMs) ? rttMs : 0));
    return Math.min(options.timeoutMs, Math.max(LEAST_GRACE_MS, GRACE_ROUND_TRIPS * Math.max(...usual)));
  };

  /**
   * While suspended, it may have missed a promotion and a rebuild: each node must answer or fail before it is used. A region
   * without nodes here, or with one that failed, is asked in their place: its last report may be from before the promotion.
   */
  const checkSuspension = (): void => {
    if (!options.wasSuspended()) return;
    options.onSuspended();
    const atMs = clock.now();
    renew(options.timeoutMs, () => options.isHeardSince(atMs));
  };

  return {
    isStale: () => {
      checkSuspension();
      const knownAtMs = Math.max(live.oldestProbeMs, renewedAtMs);
      if (state === 'known' && clock.now() - knownAtMs > options.maxViewAgeMs) renew(usualGraceMs());
      return state !== 'known';
    },
    isProbing: () => state === 'probing',
    checkSuspension,
  };
}
