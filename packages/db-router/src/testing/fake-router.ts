import { createEvents, type Epoch, type Regions, type RouteExplanation } from '@regionkit/core';
import { createContext } from '@regionkit/core/kit';
import type { PoolClient, QueryResult } from 'pg';
import { runInside } from '../causality/inside.ts';
import { mistakeIn, type Query, type Values } from '../connection/query.ts';
import { createCounters } from '../counters.ts';
import { awaited } from '../entry.ts';
import { NestedTransactionError, NoPrimaryError, NotPrimaryRegionError } from '../errors.ts';
import { ROUTER_EVENTS, type RouterEvents } from '../events.ts';
import type { Issued, WritePolicy } from '../gate-seam.ts';
import { RegionPool } from '../pools/facade.ts';
import type { RouteReason } from '../reasons.ts';
import type { RegionRouter, ScopeOptions } from '../region-router.ts';
import type { RouterTopology } from '../router-reports.ts';
import type { Transaction } from '../statements/open-transaction.ts';

/** One statement that a fake router received. */
export interface FakeStatement {
  readonly intent: 'read' | 'write';
  readonly text: string;
  readonly values: readonly unknown[];
  /** Whether it was part of a transaction or a batch. */
  readonly inTransaction: boolean;
}

export interface FakeRouterOptions<Name extends string> {
  readonly self: Name;
  /** The region of the primary; undefined: none. @default self */
  readonly primary?: Name | undefined;
  /** The map for a write gate. Its self is `self`. @default one of `self` and `primary`, for development */
  readonly regions?: Regions<Name>;
  /** @default 'reject' */
  readonly writes?: WritePolicy;
  /** Returns the rows of a statement. @default no rows */
  answer?(statement: FakeStatement): readonly Record<string, unknown>[] | Promise<readonly Record<string, unknown>[]>;
}

/** A router without a database, for unit tests of code that uses one. */
export interface FakeRouter<Name extends string = string> extends RegionRouter<Name> {
  /** Every statement in order, without BEGIN and COMMIT. */
  readonly statements: readonly FakeStatement[];
  /** Moves the primary to another region; undefined: none. The timeline increases by one. */
  setPrimary(region: Name | undefined): void;
  /** Emits an event to its listeners. */
  emit<E extends keyof RouterEvents>(event: E, payload: RouterEvents<Name>[E]): void;
}

/**
 * Makes a router for unit tests. It routes by the same policy as a real router, answers with a function of the test,
 * and records its statements.
 *
 * @example
 * ```ts
 * const router = fakeRouter({ self: 'eu-west-1', primary: 'us-east-1', answer: () => [{ id: 1 }] });
 * ```
 */
export function fakeRouter<Name extends string>(options: FakeRouterOptions<Name>): FakeRouter<Name> {
  const { self, writes = 'reject', answer = () => [], regions = regionsOf(self, options.primary) } = options;
  if (regions.self !== self) throw new RangeError('fakeRouter: regions must have the same self as the router');
  const events = createEvents<RouterEvents<Name>>('db-router', ROUTER_EVENTS);
  const scopes = createContext<{
    readonly access: 'read' | 'write';
    readonly token?: string;
    wrote: boolean;
  }>();
  const transactions = createContext<true>();
  const statements: FakeStatement[] = [];
  const counters = createCounters();
  let primary: Name | undefined = 'primary' in options ? options.primary : self;
  let timeline = 1;
  let tokens = 0;
  const out = new Set<PoolClient>();

  const epoch = (): Epoch => ({ system: '1', timeline, owner: `${primary ?? self}/0` });
  const result = (rows: readonly Record<string, unknown>[]): QueryResult<never> =>
    ({ command: '', oid: 0, fields: [], rowCount: rows.length, rows: [...rows] }) as unknown as QueryResult<never>;

  const run = async (
    intent: 'read' | 'write',
    query: Query,
    values: Values,
    inTransaction = false,
  ): Promise<QueryResult<never>> => {
    const mistake = mistakeIn(query, values);
    if (mistake !== undefined) throw mistake;
    const text = typeof query === 'string' ? query : query.text;
    const given = values ?? (typeof query === 'string' ? undefined : query.values) ?? [];
    const statement: FakeStatement = { intent, text, values: given, inTransaction };
    statements.push(statement);
    const rows = await answer(statement);
    const scope = scopes.get();
    if (intent === 'write' && scope !== undefined) scope.wrote = true;
    return result(rows);
  };
  const mayWrite = (): void => {
    if (primary === undefined) throw new NoPrimaryError('no-primary', 'not-held');
    if (primary !== self && writes !== 'remote-pool') throw new NotPrimaryRegionError(primary);
  };
  const write = async (query: Query, values?: Values): Promise<QueryResult<never>> => {
    mayWrite();
    counters.writes += 1;
    return run('write', query, values);
  };
  const read = async (query: Query, values?: Values): Promise<QueryResult<never>> => {
    counters.reads += 1;
    return run('read', query, values);
  };
  const pool = (reads: () => boolean): RegionPool => {
    const made = new RegionPool(
      {},
      {
        query: (query, values, reactions) => awaited(reads() ? read(query, values) : write(query, values), reactions),
        errorOf: (error) => error,
        lease: async (onRelease) => {
          const reading = reads();
          if (!reading) mayWrite();
          const client = {
            query: (query: Query, values?: Values) => run(reading ? 'read' : 'write', query, values, true),
            release: (error?: Error) => {
              out.delete(client);
              made.emit('release', error as Error, client);
              onRelease();
            },
          } as unknown as PoolClient;
          out.add(client);
          made.emit('acquire', client);
          return client;
        },
      },
    );
    return made;
  };
  const explain = (intent: 'read' | 'write'): RouteExplanation<RouteReason, Name> => {
    if (intent === 'read') return { action: 'run', region: self, node: `${self}/0`, reason: 'local-replica' };
    if (primary === undefined) return { action: 'hold', reason: 'no-primary' };
    if (primary === self) return { action: 'run', region: self, node: `${self}/0`, reason: 'local-primary' };
    if (writes === 'remote-pool')
      return { action: 'run', region: primary, node: `${primary}/0`, reason: 'remote-pool' };
    if (writes === 'forward') return { action: 'forward', region: primary, reason: 'forward' };
    return { action: 'reject', region: primary, reason: 'not-primary-region' };
  };
  const topology = (): RouterTopology<Name> => ({
    local:
      primary === self
        ? { role: 'primary', epoch: epoch(), position: 1n, forks: [], highest: epoch() }
        : { role: 'standby', position: 1n, forks: [], highest: epoch() },
    state: primary === undefined ? 'no-primary' : 'ready',
    ...(primary !== undefined && { primary: { region: primary, epoch: epoch(), position: 1n, node: `${primary}/0` } }),
    highest: epoch(),
    forks: [],
    nodes: [],
  });
  const token = (): string => {
    tokens += 1;
    return `fake-token-${tokens}`;
  };

  return {
    self,
    regions,
    writes,
    gate: {
      openScope: ({ access }) => {
        const scope = { access, wrote: false };
        const issue = (): Issued => (scope.wrote ? { written: token() } : {});
        return {
          run: (fn) => runInside(scopes, scope, fn),
          needsPrimary: () => false,
          noteUnknown: () => {
            scope.wrote = true;
          },
          closeHead: issue,
          issue,
          endHead: () => {},
        };
      },
      primaryNow: () => (primary === undefined ? undefined : { region: primary, epoch: epoch() }),
      locatePrimary: async () => {
        if (primary === undefined) throw new NoPrimaryError('no-primary', 'timed-out');
        return { region: primary, epoch: epoch() };
      },
      learnEpoch: () => {},
      highest: epoch,
      recheckPrimary: () => {},
    },
    statements,
    primary: pool(() => false),
    replica: pool(() => true),
    pool: pool(() => scopes.get()?.access === 'read'),
    ready: async () => {},
    read,
    write,
    transaction: async (fn) => {
      if (transactions.get() === true) throw new NestedTransactionError();
      mayWrite();
      counters.transactions += 1;
      const tx: Transaction = {
        node: `${primary ?? self}/0`,
        query: (query, values) => run('write', query, values, true),
      };
      return transactions.run(true, () => fn(tx));
    },
    batch: async (list) => {
      mayWrite();
      counters.batches += 1;
      const results: QueryResult[] = [];
      for (const statement of list) results.push(await run('write', statement, undefined, true));
      return results;
    },
    run: <T>({ token: given, access = 'write' }: ScopeOptions, fn: () => T) =>
      runInside(scopes, { access, wrote: false, ...(given !== undefined && { token: given }) }, fn) as never,
    nodeOf: (client) => (out.has(client) ? `${primary ?? self}/0` : undefined),
    token: () => {
      const scope = scopes.get();
      return scope?.wrote === true ? token() : scope?.token;
    },
    topology,
    secrets: () => ({}),
    explain,
    stats: () => ({ ...counters, holding: 0, leased: 0 }),
    confirmPrimary: async () => {},
    resetEpoch: async () => {},
    pauseWrites: async () => ({ drained: true, underWay: 0, leftMs: 30_000, waitingFor: [] }),
    resumeWrites: () => false,
    recycle: () => {},
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
    on: (event, listener) => events.on(event, listener),
    emit: (event, payload) => events.emit(event, payload),
    setPrimary: (region) => {
      primary = region;
      timeline += 1;
    },
  };
}

/** The names of a test need not be those of real regions, so this is no `defineRegions()`. */
function regionsOf<Name extends string>(self: Name, primary: Name = self): Regions<Name> {
  const list = [...new Set([self, primary])].map((name) => ({ name, origin: `http://${name}.localhost` }));
  return { self, list, hosts: [], development: true, get: (name) => list.find((region) => region.name === name) };
}
