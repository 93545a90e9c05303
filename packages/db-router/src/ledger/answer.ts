import { LedgerError } from './ledger-error.ts';

/**
 * The answer as it is kept: JSON, or null for `undefined`.
 *
 * @throws {LedgerError} `ERR_LEDGER_ANSWER`: it is not JSON, or longer than `maxBytes`.
 */
export function writeAnswer(answer: unknown, maxBytes: number): string | null {
  if (answer === undefined) return null;
  const text = toJson(answer);
  if (text === undefined || (text === '{}' && !isPlain(answer)) || Buffer.byteLength(text) > maxBytes)
    throw new LedgerError('ERR_LEDGER_ANSWER');
  return text;
}

/** The answer as a caller gets it, the first time and every time. */
export function readAnswer(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}

/** A stream, a `Response`, a `Map` or a promise would be `{}`: what its caller meant is not in it. */
function isPlain(answer: unknown): boolean {
  const prototype: unknown = Object.getPrototypeOf(answer);
  return (
    prototype === null ||
    prototype === Object.prototype ||
    typeof (answer as { toJSON?: unknown }).toJSON === 'function'
  );
}

/** Undefined for a function or a symbol, whatever TypeScript declares. */
function toJson(answer: unknown): string | undefined {
  try {
    return JSON.stringify(answer);
  } catch (error) {
    throw new LedgerError('ERR_LEDGER_ANSWER', error);
  }
}
