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

/** Undefined for a function or a symbol, whatever TypeScript declares. Of a value that is too deep, `JSON` says so itself. */
function toJson(answer: unknown): string | undefined {
  try {
    return JSON.stringify(answer, refuseEmptied);
  } catch (error) {
    throw new LedgerError('ERR_LEDGER_ANSWER', error);
  }
}

/** Gets each value at any depth, after its `toJSON()`. */
function refuseEmptied(_name: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && isEmptied(value)) throw new TypeError(EMPTIED);
  return value;
}

const EMPTIED = 'a stream, a Map, a promise or the like is in it, and JSON would make {} of that';

/** A stream, a `Response`, a `Map` or a promise would be `{}`: what its caller meant is not in it. */
function isEmptied(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // `Object.prototype`, also that of another context of `node:vm`, has no prototype.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (isPlain || Array.isArray(value)) return false;
  // What the driver makes of a type of PostgreSQL: an interval without length has no members.
  const isOfDriver = typeof (value as { toPostgres?: unknown }).toPostgres === 'function';
  return !isOfDriver && Object.values(value).every((member) => member === undefined || typeof member === 'function');
}
