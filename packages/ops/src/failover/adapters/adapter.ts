import type { Operations } from '../../config/check-config.ts';
import type { Plan } from '../plan.ts';
import type { ManagerState, SurveyedNode } from '../survey/situation.ts';

/** How a standby becomes the primary here. That it did is proved on the servers, whatever the adapter says. */
export interface Adapter {
  readonly name: Operations['failover']['adapter'];
  /** Whether it takes the role from the old primary in a switchover, so that the fence needs not. */
  readonly demotes: boolean;
  /** How long a promotion may take, in milliseconds. */
  readonly promoteWithinMs: number;
  /** `nodes`: what the servers say, which are asked at the same time. */
  survey(signal: AbortSignal, nodes: Promise<readonly SurveyedNode[]>): Promise<ManagerState | undefined>;
  /** Asks for the promotion. Asked twice it must do no harm. */
  promote(plan: Plan, signal: AbortSignal): Promise<void>;
  /** What of a promotion is still under way although the server takes writes, or undefined. */
  underWay?(target: string, signal: AbortSignal): Promise<string | undefined>;
}
