import { check } from '@regionkit/core/kit';

/** A pool of `pg`, as far as the door looks at it. */
export interface OperatedPool {
  readonly options: object;
}

/** The pools of this process by region, as `createRegionRouter` takes them. */
export type OperatedPools = { readonly [region: string]: OperatedPool | readonly OperatedPool[] | undefined };

/** The limits of one pool. Undefined, or 0 for a time: there is none. Never a password, a role or a host. */
export interface PoolStatus {
  /** `eu-west-1/0`. */
  readonly where: string;
  readonly max: number | undefined;
  readonly keepAlive: boolean;
  readonly connectionTimeoutMs: number;
  readonly queryTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly idleTimeoutMs: number | undefined;
  readonly maxLifetimeSeconds: number;
}

export function checkOperatedPools(option: string, given: OperatedPools): OperatedPools {
  for (const [region, pools] of Object.entries(check.object(option, given))) {
    for (const pool of listOf(pools)) check.object(`${option}['${region}']`, pool as object);
  }
  return given;
}

const listOf = (pools: OperatedPools[string]): readonly OperatedPool[] =>
  pools === undefined ? [] : Array.isArray(pools) ? pools : [pools as OperatedPool];

/** Numbers and booleans alone leave this function. */
export function poolStatus(pools: OperatedPools): readonly PoolStatus[] {
  return Object.entries(pools).flatMap(([region, given]) =>
    listOf(given).map(({ options }, place): PoolStatus => {
      const of = (options ?? {}) as Readonly<Record<string, unknown>>;
      const url = searchParams(of['connectionString']);
      const time = (name: string): number => number(of[name]) ?? number(url.get(name)) ?? 0;
      return {
        where: `${region}/${place}`,
        max: number(of['max']),
        keepAlive: of['keepAlive'] === true,
        connectionTimeoutMs: number(of['connectionTimeoutMillis']) ?? 0,
        queryTimeoutMs: time('query_timeout'),
        statementTimeoutMs: time('statement_timeout'),
        idleTimeoutMs: number(of['idleTimeoutMillis']),
        maxLifetimeSeconds: number(of['maxLifetimeSeconds']) ?? 0,
      };
    }),
  );
}

/** `pg` reads these two times from the connection string as well. */
function searchParams(connectionString: unknown): URLSearchParams {
  const isUrl = typeof connectionString === 'string' && URL.canParse(connectionString);
  return isUrl ? new URL(connectionString).searchParams : new URLSearchParams();
}

function number(given: unknown): number | undefined {
  const value = typeof given === 'string' && given !== '' ? Number(given) : given;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
