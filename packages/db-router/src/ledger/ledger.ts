import { check } from '@regionkit/core/kit';
import type { RegionRouter } from '../region-router.ts';
import type { Transaction } from '../statements/open-transaction.ts';
import type { TransactionOptions } from '../statements/transactions.ts';
import { readAnswer, writeAnswer } from './answer.ts';
import { checkActor, checkFingerprint, checkKey, lockOf } from './key.ts';
import { LedgerError } from './ledger-error.ts';
import { checkOptions, type LedgerOptions } from './options.ts';
import { CLAIM, EXPIRE, FIND, KEEP } from './table.ts';

/** Options of one write. */
export interface OnceOptions extends Omit<TransactionOptions, 'readOnly'> {
  /** What the request asks for, as a short text: {@link fingerprintOf}. The same key with another one is refused. @default not compared */
  readonly fingerprint?: string;
}

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

type Row = {
  readonly fingerprint: string | null;
  readonly answer: string | null;
};

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
export function createLedger(router: Pick<RegionRouter, 'transaction' | 'write'>, options: LedgerOptions = {}): Ledger {
  check.methods('createLedger: router', router, ['transaction', 'write']);
  const { maxAnswerBytes, keepMs } = checkOptions(options);

  return {
    once: async <T>(
      key: string,
      actor: string,
      fn: (tx: Transaction) => Promise<T>,
      { fingerprint, ...how }: OnceOptions = {},
    ) => {
      const row = [checkActor(actor), checkKey(key)];
      check.function('once: fn', fn);
      const print = fingerprint === undefined ? null : checkFingerprint(fingerprint);
      const lock = lockOf(actor, key);
      for (let run = 1; ; run += 1) {
        let began = false;
        try {
          return await router.transaction(async (tx) => {
            began = false;
            const claim = await tx.query(CLAIM, [...row, print, lock]).catch(tableFailed);
            if (claim.rowCount !== 1) return again((await tx.query<Row>(FIND, row)).rows[0], print) as T;
            began = true;
            const answer = writeAnswer(await fn(tx), maxAnswerBytes);
            if (answer !== null) await tx.query(KEEP, [...row, answer]);
            return readAnswer(answer) as T;
          }, how);
        } catch (error) {
          // A stricter isolation cannot see the row that was committed just now. A new transaction can.
          if (began || run === MAX_CLAIMS || (error as { code?: unknown }).code !== '40001') throw error;
        }
      }
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

const MAX_CLAIMS = 4;
const BATCH = 1_000;

/** What a call gets whose key is taken. */
function again(row: Row | undefined, fingerprint: string | null): unknown {
  if (row === undefined) throw new LedgerError('ERR_IDEMPOTENCY_IN_PROGRESS');
  const isOther = row.fingerprint !== null && fingerprint !== null && row.fingerprint !== fingerprint;
  if (isOther) throw new LedgerError('ERR_IDEMPOTENCY_REUSED');
  return readAnswer(row.answer);
}

/** The table or its schema is missing, or the role may not use them. */
const TABLE_FAILURES: ReadonlySet<unknown> = new Set(['42P01', '3F000', '42501', '42703']);

function tableFailed(error: unknown): never {
  if (TABLE_FAILURES.has((error as { code?: unknown }).code)) throw new LedgerError('ERR_LEDGER_TABLE', error);
  throw error;
}
