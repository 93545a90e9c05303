import type { DatabaseReport, Epoch, Fork } from '@regionkit/core';

/** What an operator can order. */
export type OperatorAction = 'confirm' | 'reset' | 'recycle' | 'pause' | 'resume';

/** The events of the router that the door keeps and sends: all but those of a single statement or request. */
export const ROUTER_EVENT_NAMES = [
  'primary',
  'primary-lost',
  'node',
  'probe-failed',
  'fenced',
  'twin-primaries',
  'epoch-regressed',
  'same-server',
  'foreign-system',
  'unconfirmed',
  'epoch',
  'epoch-reset',
  'epoch-void',
  'store-failed',
  'suspended',
  'replay-regressed',
  'hold',
  'hold-ended',
  'writes-paused',
  'writes-resumed',
  'outcome-unknown',
  'write-lost-suspected',
  'write-fate-unknown',
  'leak',
] as const;

export type RouterEventName = (typeof ROUTER_EVENT_NAMES)[number];

/** What an operator can choose for a pause: see `pauseWrites()` of the router. */
export interface OperatorPause {
  readonly timeoutMs?: number;
  readonly drainTimeoutMs?: number;
  /** How many processes each region has. */
  readonly processes?: Readonly<Record<string, number>>;
}

/** The part of a router that the operator door uses. Pass the router from `createRegionRouter`. */
export interface OperatedRouter {
  readonly writes: string;
  topology(): {
    readonly state: string;
    readonly primary?: object;
    readonly highest?: Epoch;
    readonly forks: readonly Fork[];
    readonly nodes: readonly object[];
    /** The pause of the writes and the voids that it reports to the other regions. */
    readonly local?: Pick<DatabaseReport, 'pause' | 'voids'>;
  };
  stats(): object;
  secrets(peer: never): Readonly<Record<string, readonly string[]>>;
  confirmPrimary(): Promise<void>;
  resetEpoch(reason: string): Promise<void>;
  recycle(): void;
  pauseWrites(options?: OperatorPause): Promise<{
    readonly drained: boolean;
    readonly underWay: number;
    readonly leftMs: number;
    readonly waitingFor: readonly object[];
  }>;
  resumeWrites(): boolean;
  on(event: RouterEventName, listener: (payload: object) => void): () => void;
}
