import { createHash } from 'node:crypto';
import { check } from '@regionkit/core/kit';
import { LedgerError } from './ledger-error.ts';

/** A key of a ledger or of a request. A fingerprint has the same form. */
export const KEY: RegExp = /^[\x20-\x7e]{1,255}$/;
/** Control characters and half surrogates: PostgreSQL refuses the first, and cannot tell the second apart. */
const ACTOR = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/**
 * A key may come from a client, so a bad one is a 400.
 *
 * @throws {TypeError} It is not a string.
 * @throws {LedgerError} `ERR_IDEMPOTENCY_KEY`
 */
export function checkKey(key: unknown): string {
  if (typeof key !== 'string') throw new TypeError('once: key must be a string');
  if (!KEY.test(key)) throw new LedgerError('ERR_IDEMPOTENCY_KEY');
  return key;
}

/**
 * An actor comes from the app, so a bad one is a mistake of the app.
 *
 * @throws {TypeError | RangeError} It is not a string, or not a name.
 */
export function checkActor(actor: unknown): string {
  if (ACTOR.test(check.string('once: actor', actor))) return actor as string;
  throw new RangeError('once: actor must be 1 to 255 characters without control characters');
}

/**
 * A fingerprint comes from the app, too.
 *
 * @throws {TypeError | RangeError} It is not a string, or too long.
 */
export function checkFingerprint(fingerprint: string): string {
  if (KEY.test(check.string('once: fingerprint', fingerprint))) return fingerprint;
  throw new RangeError('once: fingerprint must be 1 to 255 printable ASCII characters');
}

/** The advisory lock of a row: a 64-bit integer in decimal. Neither name contains the separator. */
export function lockOf(actor: string, key: string): string {
  const hash = createHash('sha256').update(`regionkit.ledger\0${actor}\0${key}`).digest();
  return hash.readBigInt64BE().toString();
}
