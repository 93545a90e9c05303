import { check, createContext, type OptionTable, optional, readOptions, withDefault } from '@regionkit/core/kit';
import type { PoolClient, QueryResult } from 'pg';
import type { Scope } from '../causality/scope-state.ts';
import { commit } from '../connection/commit.ts';
import { isolationClause, readIsolation } from '../connection/isolation.ts';
import { breaks, causesOf, classify, type Failure, type FailureKind } from '../connection/outcome.ts';
import { commitsOn } from '../connection/protocol-state.ts';
import type { Engine } from '../engine/engine.ts';
import { type Caller, keepStack } from '../entry.ts';
import {
  NestedTransactionError,
  NotPrimaryRegionError,
  RolledBackError,
  TransactionControlError,
  TransactionLeakedError,
} from '../errors.ts';
import { backoffMs } from './backoff.ts';
import { FRAME, type Frame, type Framed } from './frame.ts';
import { createOpenTransaction, type OpenTransaction, type Transaction } from './open-transaction.ts';
import { noteWritten, type PositionParts, recordReadPosition } from './position.ts';
import { type Retry, type RetryOptions, readRetry } from './retry.ts';
import type { Leased, Runner } from './run.ts';
import type { Statements } from './statements.ts';

/** Options of a transaction. */
export interface TransactionOptions {
  /** See https://www.postgresql.org/docs/current/transaction-iso.html. @default the server's setting, usually read committed */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /**
   * READ ONLY, on the nearest node that is fresh enough. A serializable one runs on the primary, because standbys do
   * not support it (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CAVEATS). @default false
   */
  readonly readOnly?: boolean;
  /** With more than one attempt the callback may be run again, for any cause. It must be safe to run twice. @default one attempt */
  readonly retry?: RetryOptions;
  /** Ends the wait for a primary and for a connection. A transaction that has begun continues. */
  readonly signal?: AbortSignal;
}

interface Settings {
  readonly isolation: TransactionOptions['isolation'];
  readonly readOnly: boolean;
  readonly retry: Retry;
  readonly signal: AbortSignal | undefined;
}

const OPTIONS: OptionTable<Settings> = {
  isolation: readIsolation,
  readOnly: withDefault<boolean>(false, check.boolean),
  retry: readRetry(1),
  signal: optional((_option, given: AbortSignal) => given),
};

export type RunTransaction = <T>(
  fn: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
  caller: Caller,
) => Promise<T>;

export function createTransactions(
  engine: PositionParts & Pick<Engine, 'counters' | 'monitor' | 'pause'>,
  statements: Statements,
  runner: Runner,
): RunTransaction {
  const inside = createContext<OpenTransaction>();
  const { counters, live } = engine;

  return async (fn, given, caller) => {
    // A timer or job that an ended transaction has left runs in its context for ever.
    if (inside.get()?.isOpen === true) throw new NestedTransactionError();
    counters.transactions += 1;
    const options = readOptions('transaction: options', 'transaction: ', given, OPTIONS);
    const frame = (given as Framed)[FRAME];
    const { attempts, backoff } = options.retry;
    let readHere = options.readOnly && options.isolation !== 'serializable';
    let opens = 0;
    for (let run = 0; ; ) {
      const leased = readHere
        ? await statements.leaseForRead(caller)
        : await statements.leaseForWrite(caller, options.readOnly).catch((error: unknown) => {
            // A read-only transaction may still run here. Only a write belongs in another region.
            if (!options.readOnly || !(error instanceof NotPrimaryRegionError)) throw error;
            throw new NotPrimaryRegionError(error.region, 'read');
          });
      const ended = await attempt(leased, fn, { ...options, frame }, caller.scope);
      if (ended.ok) return ended.value;
      const { failure, began } = ended;
      const may = began ? run + 1 < attempts : opens < MAX_OPENS;
      if (!may || !rerunnable(failure, options)) throw ended.error;
      if (began) run += 1;
      else opens += 1;
      if (failure.kind === 'conflict') readHere = false;
      if (failure.kind === 'serialization')
        await engine.pause(backoffMs(Math.max(0, run - 1), backoff, engine.settings.random));
      else await runner.reprobe(leased.node);
      runner.retried('transaction', failure, leased.node);
    }
  };

  async function attempt<T>(
    leased: Leased,
    fn: (tx: Transaction) => Promise<T>,
    options: Settings & { readonly frame: Frame | undefined },
    scope: Scope | undefined,
  ): Promise<Ended<T>> {
    const { client, node } = leased;
    const { frame } = options;
    const epoch = live.topology.primary?.epoch;
    const inRecovery = live.store.facts.nodes[node.index]?.reading?.inRecovery ?? false;
    const failed = (
      error: unknown,
      phase: 'statement' | 'commit',
      began: boolean,
      thrown: unknown = error,
    ): Ended<T> => {
      const failure = classify(error, { phase, inRecovery });
      const undone: Failure =
        phase === 'statement' && failure.outcome === 'unknown' ? { ...failure, outcome: 'rolled-back' } : failure;
      if (undone.outcome === 'unknown') {
        return { ok: false, failure: undone, began, error: runner.unknown(node, error, { scope, epoch }) };
      }
      const lost = undone.kind !== 'timeout' && breaks(undone) && isCausedBy(thrown, error);
      return {
        ok: false,
        failure: undone,
        began,
        error: lost ? new RolledBackError('connection-lost', thrown) : thrown,
      };
    };
    const giveBack = (broken: boolean): void => node.release(client, broken);
    /** One of its statements was a text that contains COMMIT or ROLLBACK. */
    const endedFromInside = (cause?: unknown): Ended<never> => {
      giveBack(true);
      if (scope !== undefined && epoch !== undefined) engine.scopes.noteWritten(scope, epoch, undefined);
      return { ok: false, failure: ENDED, began: true, error: new TransactionControlError('unknown', cause) };
    };

    try {
      const begin = beginText(options);
      if (frame === undefined) await client.query(begin);
      else takeResult(frame, await client.query(`${begin}; ${frame.first}`));
    } catch (error) {
      const failure = classify(error, { phase: 'statement', inRecovery });
      const isWhole = failure.kind === 'statement' || failure.kind === 'read-only';
      // What came with BEGIN may have failed: then a transaction is open.
      giveBack(frame === undefined ? !isWhole : breaks(failure) || !(await rollBack(client)));
      return failed(error, 'statement', false);
    }
    const tx = createOpenTransaction(client, node.id, inRecovery);
    const commits = commitsOn(client);
    let value: T;
    try {
      value = await inside.run(tx, () => fn(tx.handle));
    } catch (error) {
      keepStack(error);
      tx.close();
      if (commitsOn(client) !== commits) return endedFromInside(error);
      const broken = tx.lost !== undefined || !(await rollBack(client));
      giveBack(broken);
      // An ORM may have wrapped the server's error. The last error of a statement decides, if there is one.
      if (tx.lost !== undefined) return failed(tx.lost, tx.mayBeCommitted ? 'commit' : 'statement', true);
      return failed(tx.failed ?? CALLERS_OWN, 'statement', true, error);
    }
    const leaked = tx.pending > 0;
    tx.close();
    if (leaked) {
      if (tx.mayBeCommitted) return endedFromInside();
      giveBack(true);
      return { ok: false, failure: LEAKED, began: true, error: new TransactionLeakedError() };
    }
    // The callback may have caught it.
    if (tx.lost !== undefined && tx.mayBeCommitted) {
      giveBack(true);
      return failed(tx.lost, 'commit', true);
    }
    if (client.getTransactionStatus() === 'I' || commitsOn(client) !== commits) return endedFromInside();
    try {
      const listens = scope !== undefined && !inRecovery && !options.readOnly;
      const result = await commit(client, client, engine.settings.readings.insertPositionSql, listens, frame?.last);
      const reads = options.readOnly && engine.settings.monotonicReads;
      if (reads && scope !== undefined) await recordReadPosition(engine, node, client, scope);
      giveBack(false);
      if (result.tag === 'ROLLBACK') {
        return {
          ok: false,
          failure: LEAKED,
          began: true,
          error: new RolledBackError('commit-said-rollback', tx.failed),
        };
      }
      engine.writes.attached(node.index, result.senders);
      if (listens && result.wrote && epoch !== undefined) noteWritten(engine, node, scope, epoch, result.lsn);
      return { ok: true, value };
    } catch (error) {
      const failure = classify(error, { phase: 'commit', inRecovery });
      // What came with COMMIT may have failed: then the transaction is open.
      giveBack(breaks(failure) || (frame?.last !== undefined && !(await rollBack(client))));
      return failed(error, 'commit', true);
    }
  }
}

type Ended<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure; readonly began: boolean; readonly error: unknown };

/** Before BEGIN nothing has run. Connections are tried again without counting as a re-run. */
const MAX_OPENS = 3;
const LEAKED: Failure = { kind: 'statement', outcome: 'rolled-back', code: 'none' };
const ENDED: Failure = { kind: 'statement', outcome: 'unknown', code: 'none' };
/** Stands for an error that came from no statement. */
const CALLERS_OWN = new TypeError('the callback threw');

function rerunnable({ kind, outcome }: Failure, { readOnly }: Settings): boolean {
  if (outcome === 'unknown') return false;
  if (kind === 'conflict') return readOnly;
  return RERUNNABLE.has(kind);
}

const RERUNNABLE: ReadonlySet<FailureKind> = new Set([
  'serialization',
  'lost',
  'ended',
  'not-sent',
  'read-only',
  'stale-statement',
]);

/** An ORM may have wrapped the error of a statement. */
function isCausedBy(thrown: unknown, error: unknown): boolean {
  return causesOf(thrown).includes(error);
}

/** Without the result it is unknown whether `first` has done its work. So the error must not say that it was not sent. */
function takeResult(frame: Frame, results: unknown): void {
  const result = [results].flat().at(-1) as QueryResult | undefined;
  if (typeof result?.rowCount !== 'number') throw new TypeError('a pool gave no result of a statement after BEGIN');
  frame.result = result;
  frame.last = undefined;
}

function beginText({ isolation, readOnly }: Settings): string {
  return `BEGIN${isolationClause(isolation)}${readOnly ? ' READ ONLY' : ''}`;
}

async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}
