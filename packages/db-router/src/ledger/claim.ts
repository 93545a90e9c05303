import { checkActor, checkFingerprint, checkKey, lockOf } from './key.ts';

/** What a call asks the ledger for, checked. */
export interface Claim {
  readonly row: readonly [actor: string, key: string];
  readonly fingerprint: string | null;
  /** Values of the statement that takes the key. */
  readonly values: readonly (string | null)[];
}

/** @throws {LedgerError | TypeError | RangeError} As `checkKey()`, `checkActor()` and `checkFingerprint()`. */
export function readClaim(key: string, actor: string, given: string | undefined): Claim {
  const row = [checkActor(actor), checkKey(key)] as const;
  const fingerprint = given === undefined ? null : checkFingerprint(given);
  return { row, fingerprint, values: [...row, fingerprint, lockOf(actor, key)] };
}
