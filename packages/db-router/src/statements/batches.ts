import type { Epoch } from '@regionkit/core';
import { type OptionTable, optional, readOptions } from '@regionkit/core/kit';
import type { QueryResult } from 'pg';
import type { Scope } from '../causality/scope-state.ts';
import {
  type BatchFailure,
  type BatchResult,
  type BatchStatement,
  prepareBatch,
  runBatch,
} from '../connection/batch.ts';
import { isolationClause, readIsolation } from '../connection/isolation.ts';
import { breaks, classify } from '../connection/outcome.ts';
import type { Engine } from '../engine/engine.ts';
import type { Caller } from '../entry.ts';
import { RolledBackError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import { noteWritten, type PositionParts } from './position.ts';
import { type Retry, type RetryOptions, readRetry } from './retry.ts';
import type { Leased, Runner } from './run.ts';
import type { Statements } from './statements.ts';

/** Options of a batch. */
export interface BatchOptions {
  /** See https://www.postgresql.org/docs/current/transaction-iso.html. @default the server's setting, usually read committed */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** How often it may be sent, if the server rolls it back for a temporary reason. @default 4 attempts */
  readonly retry?: RetryOptions;
  readonly signal?: AbortSignal;
}

const OPTIONS: OptionTable<Omit<BatchOptions, 'retry'> & { readonly retry: Retry }> = {
  isolation: readIsolation,
  retry: readRetry(4),
  signal: optional((_option, given: AbortSignal) => given),
};

export type RunBatch = (
  statements: readonly BatchStatement[],
  options: BatchOptions,
  caller: Caller,
) => Promise<readonly QueryResult[]>;

export function createBatches(
  engine: PositionParts & Pick<Engine, 'counters' | 'monitor' | 'pause'>,
  statements: Statements,
  runner: Runner,
): RunBatch {
  const { counters, live } = engine;

  return async (list, options, caller) => {
    const { scope } = caller;
    const { isolation, retry } = readOptions('batch: options', 'batch: ', options, OPTIONS);
    const prepared = prepareBatch(list);
    const begin = `BEGIN${isolationClause(isolation)}`;
    counters.batches += 1;
    for (let run = 0; ; run += 1) {
      const leased = await statements.leaseForWrite(caller);
      const { client, node } = leased;
      const epoch = live.topology.primary?.epoch;
      let done: BatchResult;
      try {
        done = await runBatch(client, prepared, begin, engine.settings.readings.insertPositionSql);
      } catch (failure) {
        await giveUpOrGoOn(leased, failure as BatchFailure, { scope, epoch, run, retry });
        continue;
      }
      node.release(client, false);
      engine.writes.attached(node.index, done.senders);
      if (scope !== undefined && done.wrote && epoch !== undefined) noteWritten(engine, node, scope, epoch, done.lsn);
      return done.results;
    }
  };

  /** Returns if the batch may be sent again, because the server rolled all of it back. */
  async function giveUpOrGoOn(
    { client, node }: Leased,
    { error, tag }: BatchFailure,
    on: {
      readonly scope: Scope | undefined;
      readonly epoch: Epoch | undefined;
      readonly run: number;
      readonly retry: Retry;
    },
  ): Promise<void> {
    const may = on.run + 1 < on.retry.attempts;
    const failure = classify(error, { phase: 'commit', inRecovery: false });
    const broken = breaks(failure);
    // An error in the middle leaves the failed transaction open.
    const clean =
      !broken &&
      (await client
        .query('ROLLBACK')
        .then(() => true)
        .catch(() => false));
    node.release(client, !clean);
    if (failure.kind === 'statement' && tag === 'ROLLBACK') throw new RolledBackError('commit-said-rollback', error);
    if (failure.outcome === 'unknown') {
      engine.monitor.wake(node.index);
      throw runner.unknown(node, error, on);
    }
    if (failure.kind === 'ended' && !(may && (await runner.isGoing(node, failure))))
      throw new RolledBackError('connection-lost', error);
    const passes =
      failure.kind === 'serialization' ||
      failure.kind === 'read-only' ||
      failure.kind === 'not-sent' ||
      failure.kind === 'ended';
    if (!passes || !may) throw error;
    if (failure.kind === 'serialization')
      await engine.pause(backoffMs(on.run, on.retry.backoff, engine.settings.random));
    else await runner.reprobe(node);
    runner.retried('transaction', failure, node);
  }
}
