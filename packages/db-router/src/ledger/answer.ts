import { LedgerError } from './ledger-error.ts';

/**
 * The answer as it is kept: JSON, or null for `undefined`.
 *
 * @throws {LedgerError} `ERR_LEDGER_ANSWER`: it is not JSON, or longer than `maxBytes`.
 */
export function writeAnswer(answer: unknown, maxBytes: number): string | null {
  if (answer === undefined) return null;
  const text = toJson(answer);
  if (text === undefined || Buffer.byteLength(text) > maxBytes) throw new LedgerError('ERR_LEDGER_ANSWER');
  return text;
}

/** The answer as a caller gets it, the first time and every time. */
export function readAnswer(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}

/** Undefined for a function or a symbol, whatever TypeScript declares. */
function toJson(answer: unknown): string | undefined {
  try {
    return JSON.stringify(answer);
  } catch (error) {
    throw new LedgerError('ERR_LEDGER_ANSWER', error);
  }
}
