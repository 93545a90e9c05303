import { check } from '@regionkit/core/kit';
import type { BatchStatement } from '../connection/batch.ts';
import type { RegionRouter } from '../region-router.ts';
import type { BatchOptions } from '../statements/batches.ts';
import { FRAME, type Frame } from '../statements/frame.ts';
import type { Transaction } from '../statements/open-transaction.ts';
import type { TransactionOptions } from '../statements/transactions.ts';
import { again, type Row } from './again.ts';
import { readAnswer, writeAnswer } from './answer.ts';
import { type Claim, readClaim } from './claim.ts';
import { onceBatch } from './once-batch.ts';
import { onceIn, type RunStatement } from './once-in.ts';
import { checkOptions, type LedgerOptions } from './options.ts';
import { CLAIM, EXPIRE, FIND, inText, KEEP } from './table.ts';
import { tableError, tableFailed } from './table-failed.ts';

/** What tells one request from another. */
export interface KeyOptions {
  /** What the request asks for, as a short text: {@link fingerprintOf}. The same key with another one is refused. @default not compared */
  readonly fingerprint?: string;
}

/** Options of one write. */
export interface OnceOptions extends Omit<TransactionOptions, 'readOnly'>, KeyOptions {}

/** Options of one batch. */
export interface OnceBatchOptions extends BatchOptions, KeyOptions {}

/** Remembers which writes were done, in the database that they change. Made by `createLedger`. */
export interface Ledger {
  /**
   * Runs `fn` in one transaction, together with a row for this key of this actor. If the row is there, `fn` does not run and
   * the first answer is returned again. So a call whose outcome was `unknown` can be made again: it returns the answer if the
   * first was committed, and runs if it was not, or if a failover lost it.
   *
   * The answer is what `JSON` makes of the result of `fn`, the first time as well. While the first call has not ended, another one
   * with its key is refused at once. What `fn` does outside the database is not undone, and may be done again.
   *
   * @example
   * ```ts
   * const order = await ledger.once(message.id, 'billing', async (tx) => {
   *   const { rows } = await tx.query('insert into orders (customer) values ($1) returning id', [7]);
   *   return rows[0];
   * });
   * ```
   *
   * @param key 1 to 255 printable ASCII characters, chosen by who may retry
   * @param actor for whom: the signed-in user, the tenant, the queue. Keys of two actors have nothing to do with each other
   * @throws what `fn` throws. Nothing took effect then, and the key is free.
   * @throws {RouterError} As `router.transaction()`. After {@link OutcomeUnknownError} call it again with the same key.
   * @throws {LedgerError} `ERR_IDEMPOTENCY_IN_PROGRESS`, `ERR_IDEMPOTENCY_REUSED`, `ERR_IDEMPOTENCY_KEY`, `ERR_LEDGER_ANSWER`
   * or `ERR_LEDGER_TABLE`.
   * @throws {TypeError | RangeError} `actor` is not a name.
   */
  once<T>(key: string, actor: string, fn: (tx: Transaction) => Promise<T>, options?: OnceOptions): Promise<T>;
  /**
   * As `once()`, for statements that are all known before: the row of the key and the statements go out in one round trip. The answer
   * is known before as well, so let the app choose ids.
   *
   * @example
   * ```ts
   * const id = crypto.randomUUID();
   * const order = await ledger.batch(message.id, 'billing', [{ text: 'insert into orders (id) values ($1)', values: [id] }], { id });
   * ```
   *
   * @throws {RouterError} As `router.batch()`. After {@link OutcomeUnknownError} call it again with the same key.
   * @throws {LedgerError} As `once()`.
   */
  batch<T>(
    key: string,
    actor: string,
    statements: readonly BatchStatement[],
    answer: T,
    options?: OnceBatchOptions,
  ): Promise<T>;
  /**
   * As `once()`, in a transaction of your ORM on `router.pool`: `fn` writes with the ORM, and the ORM commits. `query` runs one
   * statement in that transaction and returns its rows. Let the errors of this call leave the transaction: it cannot be committed
   * after one.
   *
   * @example
   * ```ts
   * const client = await router.pool.connect();
   * await client.query('begin');
   * const query = async (text: string, values: readonly (string | null)[]) => (await client.query(text, [...values])).rows;
   * await ledger.onceIn(query, message.id, 'billing', async () => {
   *   await client.query('insert into orders default values');
   * });
   * await client.query('commit');
   * client.release();
   * ```
   *
   * @throws what `fn` throws.
   * @throws {RouterError} `ERR_TRANSACTION_CONTROL`: `fn` has ended the transaction. What was committed until then is not undone.
   * @throws {LedgerError} As `once()`.
   * @throws {TypeError | RangeError} `query` runs outside a transaction, or does not return rows, or `actor` is not a name.
   */
  onceIn<T>(query: RunStatement, key: string, actor: string, fn: () => Promise<T>, options?: KeyOptions): Promise<T>;
  /**
   * Deletes the rows that are older than `keepMs`, in batches, and returns how many. Call it from a job, a few times a day, in
   * one process or in several.
   *
   * @example
   * ```ts
   * console.log(`${await ledger.expire()} rows were deleted`);
   * ```
   *
   * @throws {RouterError} As `router.write()`. What was deleted until then stays deleted.
   * @throws {LedgerError} `ERR_LEDGER_TABLE`
   */
  expire(options?: { readonly signal?: AbortSignal }): Promise<number>;
}

/**
 * Makes a ledger. Its table must exist: see {@link ledgerSql}.
 *
 * @example
 * ```ts
 * const ledger = createLedger(router, { maxAnswerBytes: 4_096 });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function createLedger(
  router: Pick<RegionRouter, 'batch' | 'transaction' | 'write'>,
  options: LedgerOptions = {},
): Ledger {
  check.methods('createLedger: router', router, ['batch', 'transaction', 'write']);
  const { maxAnswerBytes, keepMs } = checkOptions(options);

  return {
    once: async <T>(
      key: string,
      actor: string,
      fn: (tx: Transaction) => Promise<T>,
      { fingerprint, ...how }: OnceOptions = {},
    ) => {
      const ask = readClaim(key, actor, fingerprint);
      check.function('once: fn', fn);
      const first = inText(CLAIM, ask.values);
      for (let run = 1; ; run += 1) {
        const frame: Frame | undefined = first === undefined ? undefined : { first };
        let state = 'sent' as 'sent' | 'claiming' | 'began';
        try {
          return await router.transaction(
            async (tx) => {
              state = 'claiming';
              const claim = frame?.result ?? (await tx.query(CLAIM, ask.values).catch(tableFailed));
              if (claim.rowCount !== 1) return again((await tx.query<Row>(FIND, ask.row)).rows[0], ask) as T;
              state = 'began';
              const answer = writeAnswer(await fn(tx), maxAnswerBytes);
              await keep(tx, frame, answer, ask);
              return readAnswer(answer) as T;
            },
            { ...how, [FRAME]: frame } as TransactionOptions,
          );
        } catch (error) {
          // A stricter isolation cannot see the row that was committed just now. A new transaction can.
          const isOver = state === 'began' || run === MAX_CLAIMS || (error as { code?: unknown }).code !== '40001';
          if (isOver) throw state === 'sent' ? tableError(error) : error;
        }
      }
    },
    batch: async (key, actor, statements, answer, { fingerprint, ...how } = {}) => {
      const asked = { statements, answer, maxAnswerBytes };
      return onceBatch(router, readClaim(key, actor, fingerprint), asked, how);
    },
    onceIn: async (query, key, actor, fn, { fingerprint } = {}) => {
      check.function('onceIn: query', query);
      check.function('onceIn: fn', fn);
      return onceIn(query, readClaim(key, actor, fingerprint), fn, maxAnswerBytes);
    },
    expire: async ({ signal } = {}) => {
      for (let total = 0; ; ) {
        const how = signal === undefined ? {} : { signal };
        const { rowCount } = await router.write(EXPIRE, [keepMs, BATCH], how).catch(tableFailed);
        total += rowCount ?? 0;
        if ((rowCount ?? 0) < BATCH) return total;
      }
    },
  };
}

/** Sends the answer with COMMIT, if that is possible. */
async function keep(tx: Transaction, frame: Frame | undefined, answer: string | null, ask: Claim): Promise<void> {
  if (answer === null) return;
  const values = [answer, ...ask.row];
  const last = frame?.result === undefined ? undefined : inText(KEEP, values);
  if (frame !== undefined && last !== undefined) frame.last = last;
  else await tx.query(KEEP, values);
}

const MAX_CLAIMS = 4;
const BATCH = 1_000;
