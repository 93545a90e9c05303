import type { Affinity } from '@regionkit/affinity';
import type { Decider, Doors, Regions } from '@regionkit/core';
import type { RegionRouter } from '@regionkit/db-router';
import type { WriteGate } from '@regionkit/db-router/http';
import type { AnyServer, Drain, DrainOptions, Health } from '@regionkit/health';
import type { SessionVerifier, StandardSchema } from '@regionkit/session';
import type { Pool } from 'pg';
import type { KitExplanation } from './explain.ts';
import type { ConfigOption, SessionsOption } from './options.ts';

/** The verifier for what was given as `sessions`, with the type of its claims. */
export type SessionsOf<Given extends SessionsOption | undefined> = Given extends undefined
  ? undefined
  : // biome-ignore lint/suspicious/noExplicitAny: any verifier.
    Given extends SessionVerifier<any>
    ? Given
    : Given extends { readonly claims: StandardSchema<unknown, infer Claims> }
      ? SessionVerifier<Claims>
      : SessionVerifier;

/** What a drain takes besides the server: everything but what the kit gives. */
export type KitDrainOptions = Omit<DrainOptions, 'health' | 'servers'>;

/**
 * The parts that make an app region-aware, wired. It is one decider with its doors: `kit.express()` is health, affinity,
 * sessions and the gate in their order. Mount it after CORS and before body parsers.
 */
export interface RegionKit<
  Name extends string = string,
  Sessions extends SessionsOption | undefined = SessionsOption | undefined,
  Config extends ConfigOption | undefined = ConfigOption | undefined,
> extends Decider,
    Doors,
    AsyncDisposable {
  readonly regions: Regions<Name>;
  /** Reads, writes and transactions; `router.pool` is for an ORM. */
  readonly router: RegionRouter<Name>;
  /**
   * The pools of the router by region: those that the kit made from the URLs, or those of the app. For the operator door, which
   * shows their limits to the doctor. Undefined: the router that was given has its own. For statements use the router.
   */
  readonly pools: { readonly [Region in Name]?: Pool | readonly Pool[] } | undefined;
  readonly health: Health<Name>;
  readonly gate: WriteGate<Name>;
  /** Undefined: there is none. `explain()` says why. */
  readonly affinity: Affinity<Name> | undefined;
  /** Undefined: they were not asked for. */
  readonly sessions: SessionsOf<Sessions>;
  /** What was given as `config`. */
  readonly config: Config;
  /**
   * Drains the process on SIGTERM and SIGINT: see `createDrain`. The hooks end, in this order, those of the app (the last
   * one first), sessions, gate, router with its pools, and config. Another call adds its server to the same drain.
   *
   * @example
   * ```ts
   * kit.drain(app.listen(3000));
   * ```
   *
   * @throws {TypeError | RangeError} It is not a server, an option is wrong, a later call has options, or the kit is closed.
   */
  drain(server: AnyServer, options?: KitDrainOptions): Drain;
  /**
   * Returns what was wired and why, as data; `String()` makes a text of it. It contains no secret and no URL of a database.
   *
   * @example
   * ```ts
   * console.log(String(kit.explain()));
   * ```
   */
  explain(): KitExplanation<Name>;
  /**
   * Ends every part, also those that the app gave, and the pools that the kit made. `pools: true` ends the pools of the
   * app as well. A drain does this by itself: if one has begun, this waits for its end, because the process serves until then.
   *
   * @example
   * ```ts
   * await kit.close();
   * ```
   *
   * @throws The first error of a part. The other parts are ended all the same.
   */
  close(options?: { readonly pools?: boolean }): Promise<void>;
}
