import type { Decider, Doors, EventSource, RegionView } from '@regionkit/core';
import type { Check, CheckOptions } from './checks/check.ts';
import type { HealthEvents } from './events.ts';
import type { Followed, FollowOptions } from './follow.ts';
import type { HealthVerdict } from './verdict/judge.ts';

/** Health of this process and its region. Made by `createHealth`. */
export interface Health<Name extends string = string>
  extends Decider,
    Doors,
    EventSource<HealthEvents<Name>>,
    AsyncDisposable {
  readonly kind: 'health';
  /** What is known of every region, including this one. For affinity, the write gate and the router. */
  readonly view: RegionView<Name>;
  /** Whether `regions` has `development: true`. A drain then does not wait. */
  readonly development: boolean;
  /**
   * Returns what this region can do now, from memory. No check runs.
   *
   * @example
   * ```ts
   * const { status, failing } = health.verdict();
   * ```
   */
  verdict(): HealthVerdict;
  /**
   * Runs `check` now and then repeatedly in the background, one run at a time. Returns a function that removes it.
   *
   * @example
   * ```ts
   * const remove = health.check('db', checks.pool(pool), { affects: ['reads'] });
   * ```
   *
   * @throws {TypeError | RangeError} The name is taken or not printable, or an option is out of range.
   */
  check(name: string, check: Check, options?: CheckOptions): () => void;
  /**
   * Resolves when every check has run once; at once if there is no check. It also resolves if health is drained or closed
   * first: then use {@link verdict}.
   *
   * @example
   * ```ts
   * await health.ready({ signal: AbortSignal.timeout(10_000) });
   * ```
   *
   * @throws The reason of `signal`, if it is aborted first.
   */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Follows the router of this process: its database is this region's. Call it once.
   *
   * - It adds two checks: whether a read has a node now (`reads`), and whether a write has one or is forwarded
   *   (`writes`). Their first run waits until the router is ready, at most for `defaults.timeoutMs`. After it a write that
   *   waits is `unknown`, for at most 5 s, while a server was not probed, or a region was not heard. A closed router fails
   *   both.
   * - It sends what the router knows of the database to the other regions.
   * - It asks them at the urgent rate while the router's topology has another state than `ready`.
   * - A process that does not know the primary for certain, beside one of its region that does, is not ready.
   *
   * @example
   * ```ts
   * const router = createRegionRouter({ regions, pools, view: health.view });
   * health.follow(router);
   * ```
   *
   * @throws {TypeError} It is no router, or there is no such option.
   * @throws {RangeError} A router is followed already, or the name of a check is taken.
   */
  follow(router: Followed, options?: FollowOptions): void;
  /**
   * Asks the other regions now, not at the next interval: for example when a write waits, or a primary was lost.
   *
   * @example
   * ```ts
   * health.wake();
   * ```
   */
  wake(): void;
  /**
   * Sends new traffic elsewhere: `/health` and `/readyz` answer 503, and the other regions are informed at once.
   *
   * @example
   * ```ts
   * health.drain();
   * ```
   */
  drain(): void;
  /**
   * Cancels {@link drain}.
   *
   * @example
   * ```ts
   * health.undrain();
   * ```
   */
  undrain(): void;
  /**
   * Ends the checks and the requests to other regions. The routes then answer 503.
   *
   * @example
   * ```ts
   * await health.close();
   * ```
   */
  close(): Promise<void>;
}
