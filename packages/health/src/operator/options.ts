import type { Live, Logger, Regions } from '@regionkit/core';
import {
  type Clock,
  check,
  integer,
  optional,
  readOptions,
  type Secrets,
  systemClock,
  unchecked,
  withDefault,
} from '@regionkit/core/kit';
import type { Health } from '../health-instance.ts';
import { checkOperatedPools, type OperatedPools } from './pools.ts';
import type { OperatedRouter } from './router.ts';

/** The options of {@link createOperatorDoor}. */
export interface OperatorDoorOptions<Name extends string = string> {
  readonly regions: Regions<Name>;
  /**
   * Required in every request: `Authorization: Bearer <token>`. 32 to 512 visible ASCII characters
   * without spaces, and not the token of `createHealth`.
   * Undefined: the door does not exist, and every request passes.
   * @default none
   */
  readonly token: Secrets | Live<Secrets> | undefined;
  readonly router: OperatedRouter;
  /**
   * The pools that the router has (`kit.pools`). Their limits are then in the status, so that `regionkit doctor` finds a pool that hangs.
   * Never their connection strings. @default none
   */
  readonly pools?: OperatedPools | undefined;
  /** Adds the verdict, what is known of each region, and the events of health. */
  readonly health?: Health<Name>;
  /** The path below which the door answers. Its own listener, or a path that the balancer does not lead to, is best. @default '/operator' */
  readonly path?: string;
  /** How many events are kept. @default 500 */
  readonly maxEvents?: number;
  /** How many listeners may read events at once. The others get 503. @default 8 */
  readonly maxListeners?: number;
  /** How often a listener is sent the status, and so a sign of life, in milliseconds. @default 1_000 */
  readonly heartbeatMs?: number;
  /** Each order of an operator, and wrong tokens. Without it they are process warnings. */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export interface CheckedOperatorOptions<Name extends string> {
  readonly regions: Regions<Name>;
  readonly token: Secrets | Live<Secrets> | undefined;
  readonly router: OperatedRouter;
  readonly pools: OperatedPools | undefined;
  readonly health: Health<Name> | undefined;
  readonly path: string;
  readonly maxEvents: number;
  readonly maxListeners: number;
  readonly heartbeatMs: number;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
}

export function checkOperatorOptions<Name extends string>(
  given: OperatorDoorOptions<Name>,
): CheckedOperatorOptions<Name> {
  return readOptions<CheckedOperatorOptions<Name>>('createOperatorDoor: options', 'createOperatorDoor: ', given, {
    regions: check.regions,
    // The token check looks at it.
    token: unchecked,
    router: (option, router: OperatedRouter) =>
      check.methods(option, router, [
        'topology',
        'stats',
        'secrets',
        'confirmPrimary',
        'resetEpoch',
        'recycle',
        'pauseWrites',
        'resumeWrites',
        'on',
      ]),
    pools: optional(checkOperatedPools),
    health: optional((option, health: Health<Name>) => check.methods(option, health, ['verdict', 'on'])),
    path: withDefault('/operator', (option, path: string) => {
      if (!/^(?:\/[\w.~-]+)+$/.test(check.string(option, path))) {
        throw new RangeError(`${option} must be a path such as /operator, without a slash at its end`);
      }
      return path;
    }),
    maxEvents: integer(500, { min: 1, max: 10_000 }),
    maxListeners: integer(8, { min: 1, max: 1_000 }),
    heartbeatMs: integer(1_000, { min: 100, max: 60_000 }),
    logger: optional(check.logger),
    clock: withDefault(systemClock, check.clock),
  });
}
