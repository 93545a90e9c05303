import type { Affinity, AffinityOptions } from '@regionkit/affinity';
import type { Live, Logger, Regions, RegionsOptions } from '@regionkit/core';
import type { Secrets } from '@regionkit/core/kit';
import type { RegionRouter, RegionRouterOptions } from '@regionkit/db-router';
import type { ForwardOptions, WriteGate, WriteGateOptions } from '@regionkit/db-router/http';
import type { Health, HealthOptions } from '@regionkit/health';
import type { SessionVerifier, SessionVerifierOptions } from '@regionkit/session';
import type { Pool, PoolConfig } from 'pg';

/** Options of `createHealth` that the app gives. The kit gives `regions` and the secret of the peers. */
export type KitHealthOptions<Name extends string> = Omit<HealthOptions<Name>, 'regions' | 'peers'> & {
  readonly peers?: Partial<NonNullable<HealthOptions<Name>['peers']>>;
};
/** Options of `createRegionRouter` that the app gives. The kit gives the regions, the pools, the view and the token's secret. */
export type KitRouterOptions<Name extends string> = Omit<RegionRouterOptions<Name>, 'regions' | 'pools' | 'token'> & {
  readonly token?: Partial<NonNullable<RegionRouterOptions<Name>['token']>>;
};
/** Options of `createWriteGate` that the app gives. The kit gives the router, the view and the secret of the forward. */
export type KitGateOptions<Name extends string> = Omit<WriteGateOptions<Name>, 'router' | 'forward'> & {
  readonly forward?: Partial<ForwardOptions>;
};
/** Options of `createAffinity` that the app gives. The kit gives the regions, the view and the domain of the cookie. */
export type KitAffinityOptions<Name extends string> = Omit<AffinityOptions<Name>, 'regions'>;

/** What `sessions` may be. */
// biome-ignore lint/suspicious/noExplicitAny: the claims are the app's own type; `SessionsOf` finds them.
export type SessionsOption = SessionVerifier<any> | SessionVerifierOptions<any>;

/** The part of `@regionkit/config` that the kit uses. */
export interface ConfigOption {
  status(): {
    readonly verdict: 'pass' | 'warn' | 'fail';
    readonly keys: Readonly<Record<string, { readonly state: string }>>;
  };
  close(): Promise<void>;
}

/** The options of {@link createRegionKit}. */
export interface RegionKitOptions<
  Name extends string = string,
  Self extends string | undefined = string | undefined,
  Sessions extends SessionsOption | undefined = SessionsOption | undefined,
  Config extends ConfigOption | undefined = ConfigOption | undefined,
> {
  /** The region of this process, usually `process.env.REGION`. Left out if `regions` comes from `defineRegions`. */
  readonly self?: RegionsOptions<Name, Self>['self'];
  /**
   * Every region by name, with the origin under which only this region answers; or what `defineRegions` returned. The
   * same in every process.
   */
  readonly regions: Readonly<Record<Name, string | { readonly origin: string }>> | Regions<Name>;
  /** The names that all clients use, behind the latency DNS. With them there is affinity. @default [] */
  readonly hosts?: readonly string[];
  /** One machine: plain http, cookies without `Secure`, and a drain that does not wait. Never in production. @default false */
  readonly development?: boolean;
  /**
   * The secret of the app, the same in every region: at least 32 bytes. Each part gets a key of its own that is derived
   * from it. Of a list, the first signs and all verify. A live value, such as `config.ref('secret')`, is rotated without
   * a restart. It may be undefined only with `development` and one region.
   */
  readonly secret: Secrets | Live<Secrets> | undefined;
  /** The URL of this region's own PostgreSQL server, and of no other. The regions report their databases to each other. */
  readonly databaseUrl?: string | undefined;
  /**
   * The URLs of several servers by region, in the same order in every process. Needed for `writes: 'remote-pool'`, and
   * for reads from another region while the own database is down.
   */
  readonly databaseUrls?: { readonly [Region in NoInfer<Name>]?: string | readonly string[] | undefined } | undefined;
  /** Pools of the app, in place of URLs: one or several for each region. The app ends them, or a drain, or `close({ pools: true })`. */
  readonly pools?: { readonly [Region in NoInfer<Name>]?: Pool | readonly Pool[] } | undefined;
  /**
   * Options of the pools that the kit makes from URLs. `query_timeout` must be above the longest statement, and 0 sets
   * none, as a job of migrations needs it.
   * @default { keepAlive: true, keepAliveInitialDelayMillis: 10_000, connectionTimeoutMillis: 5_000, query_timeout: 300_000 },
   * the last one only without a `statement_timeout`
   */
  readonly poolConfig?: Omit<PoolConfig, 'connectionString'>;
  /**
   * The domain of the cookies: it covers the origin of every region. Required, except with one region or with
   * `development`.
   */
  readonly cookieDomain?: string | undefined;
  /** The name of this environment (`production`): it makes tokens of a copy of the database invalid here. @default none */
  readonly environment?: string | undefined;
  /**
   * For health, router and drain: pino, winston, `console`. Without it only what an operator must not miss is reported, as
   * process warnings. @default none
   */
  readonly logger?: Logger;
  /** Options of health, or health itself. */
  readonly health?: Health<NoInfer<Name>> | KitHealthOptions<NoInfer<Name>>;
  /** Options of the router, or the router itself. @default { writes: 'forward' } */
  readonly router?: RegionRouter<NoInfer<Name>> | KitRouterOptions<NoInfer<Name>>;
  /** Options of the write gate, or the gate itself. */
  readonly gate?: WriteGate<NoInfer<Name>> | KitGateOptions<NoInfer<Name>>;
  /** Options of affinity, affinity itself, or false for none. @default made if there are `hosts` and several regions */
  readonly affinity?: Affinity<NoInfer<Name>> | KitAffinityOptions<NoInfer<Name>> | false;
  /** Options of the session verifier, or the verifier itself. @default none */
  readonly sessions?: Sessions;
  /** What `loadConfig` returned: health checks it, and the kit closes it. @default none */
  readonly config?: Config;
}
