import type { Hook } from './failover-config.ts';

/** How `gameday run --inject hooks` causes a fault here. */
export interface GamedayConfig {
  /** They cause the fault, in this order. */
  readonly inject?: readonly Hook[];
  /** They end it, in this order: after `holdSeconds`, and also if the drill is interrupted or has failed. */
  readonly end?: readonly Hook[];
  /** How long the fault lasts. @default 60 */
  readonly holdSeconds?: number;
}
