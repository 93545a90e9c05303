import { integer, type OptionTable, readOptions } from '@regionkit/core/kit';

/** Options of a ledger. */
export interface LedgerOptions {
  /** A longer answer rolls its write back. In bytes of JSON. @default 16_384 */
  readonly maxAnswerBytes?: number;
  /**
   * How long `expire()` keeps a row, in milliseconds. Longer than any client retries, and than an outage may last: a retry
   * that comes later runs the write again. @default 604_800_000 (7 days)
   */
  readonly keepMs?: number;
}

const MIB = 1_048_576;
const DAY_MS = 86_400_000;

const OPTIONS: OptionTable<Required<LedgerOptions>> = {
  maxAnswerBytes: integer(16_384, { min: 1, max: MIB }),
  keepMs: integer(7 * DAY_MS, { min: 60_000, max: 3_650 * DAY_MS }),
};

/** @throws {TypeError | RangeError} An option is wrong; the message names it. */
export function checkOptions(given: LedgerOptions): Required<LedgerOptions> {
  return readOptions('createLedger: options', 'createLedger: ', given, OPTIONS);
}
