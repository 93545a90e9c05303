import type { PoolClient, QueryResult } from 'pg';
import type { Scope } from '../causality/scope.ts';
import type { Engine } from '../engine.ts';
import { AdvisoryLockError, RolledBackError } from '../errors.ts';
import { takesAdvisoryLock } from '../routing/advisory-lock.ts';
import { outcomeOf } from '../routing/outcome.ts';
import type { Leased } from '../routing/run.ts';
import { commit } from './commit.ts';
import { behindRead, behindWrite, noteWritten } from './position.ts';
import type { Queryable } from './submittable.ts';
import { isCommit } from './transaction-control.ts';

type Release = (error?: Error | boolean | null) => void;
type Done = (error: unknown, result?: unknown) => void;
type AnyQuery = (this: PoolClient | undefined, config: unknown, values?: unknown, callback?: unknown) => unknown;

/** Clients that were handed out and are not back yet. */
export interface Leases {
  /**
   * Hands a client to the caller. It is the pool's own client, as ORMs keep things by its identity; what a scope or a
   * standby needs is laid over it until it is released.
   */
  handOut(
    leased: Leased,
    options: { readonly scope: Scope | undefined; readonly read: boolean; onRelease(error: unknown): void },
  ): PoolClient;
  /** Reports those that have been out for too long, once each. */
  lookForLeaks(): void;
  readonly size: number;
}

interface Lease {
  readonly node: string;
  readonly sinceMs: number;
  reported: boolean;
}

export function createLeases(engine: Engine): Leases {
  const { clock, leakAfterMs } = engine.settings;
  const out = new Set<Lease>();

  return {
    handOut: (leased, { scope, read, onRelease }) => {
      const { client, node } = leased;
      const lease: Lease = { node: node.id, sinceMs: clock.now(), reported: false };
      out.add(lease);
      const watch = overlay(engine, leased, scope, read);
      const giveBack = client.release.bind(client) as Release;
      client.release = (error) => {
        // Its position may still be on its way: what it was given back to does not know of it yet.
        if (!out.delete(lease))
          throw new Error('Release called on client which has already been released to the pool.');
        watch.remove();
        const given = Boolean(error);
        const broken = given || leftInTransaction(engine, leased);
        const finish = (): void => {
          giveBack(given ? error : broken);
          onRelease(error);
        };
        if (broken || !watch.dirty || scope === undefined) finish();
        else void watch.position().then(finish);
      };
      return client;
    },
    lookForLeaks: () => {
      for (const lease of out) {
        if (lease.reported || clock.now() - lease.sinceMs < leakAfterMs) continue;
        lease.reported = true;
        engine.events.emit('leak', { node: lease.node, why: 'not-released' });
      }
    },
    get size() {
      return out.size;
    },
  };
}

/** Given back in the middle of a transaction, it would hand it to whoever comes next. */
function leftInTransaction(engine: Engine, { client, node }: Leased): boolean {
  const idle = (client as unknown as { readyForQuery?: boolean }).readyForQuery === true;
  const status = client.getTransactionStatus?.();
  if (!idle || status === 'I' || status === null || status === undefined) return false;
  engine.events.emit('leak', { node: node.id, why: 'in-transaction' });
  return true;
}

interface Overlay {
  /** Something was written whose position is not known yet. */
  readonly dirty: boolean;
  position(): Promise<void>;
  remove(): void;
}

const NOTHING: Overlay = { dirty: false, position: async () => {}, remove: () => {} };

/**
 * What is laid over a client's `query`: on a standby, the guard against advisory locks; in a scope, the position behind
 * every statement that committed on the primary, or that was read where reads must not go backwards. A client that needs
 * nothing is left as it is.
 */
function overlay(engine: Engine, leased: Leased, scope: Scope | undefined, read: boolean): Overlay {
  const guard = leased.primary ? NOTHING : guardStandby(leased.client);
  if (scope === undefined) return guard;
  if (read) return engine.settings.monotonicReads ? over(guard, followReads(engine, leased, scope)) : guard;
  return leased.primary ? followPositions(engine, leased, scope) : guard;
}

/** Two overlays as one: what was laid on last is taken off first. */
function over(lower: Overlay, upper: Overlay): Overlay {
  return {
    get dirty() {
      return upper.dirty;
    },
    position: upper.position,
    remove: () => {
      upper.remove();
      lower.remove();
    },
  };
}

/** The position behind everything that is read, or behind the transaction it is read in. */
function followReads(engine: Engine, { client, node }: Leased, scope: Scope): Overlay {
  return follow(client, {
    position: (raw) => behindRead(engine, node, raw, scope),
    ask: async (config, values, { original, position }) => {
      const result = await (original.call(client, config, values) as Promise<QueryResult>);
      const status = client.getTransactionStatus?.();
      if (status === 'I' || status === undefined) await position();
      return result;
    },
  });
}

function guardStandby(client: PoolClient): Overlay {
  const { original, remove } = layOver(client, (config, values, callback) => {
    const done = doneOf(config, values, callback);
    if (!takesAdvisoryLock(config as never)) return original.call(client, config, values, callback);
    const error = new AdvisoryLockError();
    if (done === undefined) return Promise.reject(error);
    process.nextTick(done, error);
    return undefined;
  });
  return { ...NOTHING, remove };
}

function followPositions(engine: Engine, { client, node }: Leased, scope: Scope): Overlay {
  const epoch = engine.live.topology.primary?.epoch;

  const commitAndNote = async (raw: Queryable): Promise<unknown> => {
    const result = await commit(raw, engine.settings.readings.insertPositionSql);
    if (result.tag === 'ROLLBACK') throw new RolledBackError('commit-said-rollback');
    if (epoch !== undefined) noteWritten(engine, node, scope, epoch, result.lsn);
    return { command: 'COMMIT', rowCount: null, oid: null, rows: [], fields: [] };
  };

  return follow(client, {
    position: async (raw) => {
      if (epoch !== undefined) await behindWrite(engine, node, raw, scope, epoch);
    },
    ask: async (config, values, { original, raw, position }) => {
      const commits = isCommit(textOf(config));
      const alone = commits || client.getTransactionStatus?.() !== 'T';
      try {
        if (commits) return await commitAndNote(raw);
        const result = await (original.call(client, config, values) as Promise<QueryResult>);
        const status = client.getTransactionStatus?.();
        const command = Array.isArray(result) ? undefined : result.command;
        if ((status === 'I' || status === undefined) && command !== 'ROLLBACK') await position();
        return result;
      } catch (error) {
        // Who looks whether it was done must not look behind it.
        if (alone && epoch !== undefined && outcomeOf(error) === 'unknown')
          engine.scopes.noteWritten(scope, epoch, undefined);
        throw error;
      }
    },
  });
}

interface Following {
  /** Learns the position, on the client's own connection. */
  position(raw: Queryable): Promise<void>;
  /** Runs one statement: the position is had before the caller hears that it is done. */
  ask(
    config: unknown,
    values: unknown,
    client: { readonly original: AnyQuery; readonly raw: Queryable; position(): Promise<void> },
  ): Promise<unknown>;
}

/** What is submitted rather than asked (a cursor, a stream) has its position when the client is given back. */
function follow(client: PoolClient, following: Following): Overlay {
  let dirty = false;
  const position = async (): Promise<void> => {
    dirty = false;
    await following.position(raw);
  };
  const { original, remove } = layOver(client, (config, values, callback) => {
    if (isSubmittable(config)) {
      dirty = true;
      return original.call(client, config, values, callback);
    }
    const done = doneOf(config, values, callback);
    const asked = hasCallback(config) ? { ...(config as object), callback: undefined } : config;
    const given = typeof values === 'function' ? undefined : values;
    const result = following.ask(asked, given, { original, raw, position });
    if (done === undefined) return result;
    result.then(
      (value) => process.nextTick(done, null, value),
      (error: unknown) => process.nextTick(done, error),
    );
    return undefined;
  });
  const raw = { query: original.bind(client) } as unknown as Queryable;
  return {
    get dirty() {
      return dirty;
    },
    position,
    remove,
  };
}

/** Lays `query` over the client's own, which may itself be laid over another by somebody else. */
function layOver(client: PoolClient, query: AnyQuery): { readonly original: AnyQuery; remove(): void } {
  const target = client as { query?: unknown };
  const own = Object.hasOwn(target, 'query');
  const original = target.query as AnyQuery;
  target.query = query;
  return {
    original,
    remove: () => {
      if (own) target.query = original;
      else delete target.query;
    },
  };
}

/** Where node-postgres looks for a callback. */
function doneOf(config: unknown, values: unknown, callback: unknown): Done | undefined {
  if (typeof callback === 'function') return callback as Done;
  if (typeof values === 'function') return values as Done;
  return hasCallback(config) ? config.callback : undefined;
}

function hasCallback(config: unknown): config is { readonly callback: Done } {
  return typeof (config as { callback?: unknown } | null)?.callback === 'function';
}

function isSubmittable(config: unknown): boolean {
  return typeof (config as { submit?: unknown } | null)?.submit === 'function';
}

function textOf(config: unknown): string {
  const text = typeof config === 'string' ? config : (config as { text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : '';
}
