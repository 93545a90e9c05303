import { classify } from '../connection/outcome.ts';

/**
 * Why a node could not be probed, as a short code. No text from outside is passed on. Errors of node-postgres without a
 * code are recognised by its constant texts.
 */
export function probeCode(error: unknown): string {
  const { code } = classify(error, { phase: 'open', inRecovery: false });
  if (code !== 'none') return CODE.test(code) ? code : 'unknown';
  const message = error instanceof Error ? error.message : '';
  return KNOWN.find(([text]) => text.test(message))?.[1] ?? 'unknown';
}

/** A SQLSTATE, an errno, or a code of Node's TLS. */
const CODE = /^[A-Z0-9_]{5,40}$/;

const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^The server does not support SSL connections/, 'tls-not-supported'],
  [/^There was an error establishing an SSL connection/, 'tls-failed'],
  [/timeout/i, 'timeout'],
  [/^Connection terminated/, 'connection-ended'],
  [/SASL|password/i, 'login-failed'],
  [/^the reading has/, 'reading-malformed'],
];
