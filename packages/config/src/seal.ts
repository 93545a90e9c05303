import { inspect } from 'node:util';
import { SourceError } from './failure.ts';

/** Values that are not copied: they hide their content themselves, or consist of functions. */
type Kept = string | number | boolean | bigint | symbol | null | undefined | Date | RegExp | URL | Uint8Array;
// biome-ignore lint/complexity/noBannedTypes: any function will do.
type Opaque = Kept | Function | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;

/** `T` as config returns it: deeply read-only. */
export type Sealed<T> = T extends Opaque ? T : T extends object ? { readonly [K in keyof T]: Sealed<T[K]> } : T;

/** The largest depth of a value. */
export const MAX_DEPTH = 64;
const REDACTED = '[redacted]';
const FORBIDDEN = new Set(['__proto__', 'toJSON']);

/** One sealed value. Reading the property `value` is fast. */
export interface Box<T = unknown> {
  readonly value: T;
}

/**
 * Returns a deep, frozen copy of `value` that shows `[redacted]` to `inspect`, `JSON.stringify` and template strings.
 *
 * The copies of plain objects and arrays have no prototype, and their properties are getters. `console.dir` and
 * debuggers bypass a custom inspection; they print `[Getter]` then. Spreading and destructuring still work. Bytes and
 * dates cannot be frozen, so each read returns a new copy. Other objects that a schema made (a Map, a KeyObject) are
 * kept.
 *
 * @throws {SourceError} `invalid`: a key could reach a prototype (`__proto__`, `constructor.prototype`) or the
 * redaction (`toJSON`), or the value is nested deeper than 64.
 */
export function seal<T>(value: T): Box<T> {
  const read = reader(value, 0) as () => T;
  // Literals, not `place`: V8 reads their properties at full speed.
  return isCopiedOut(value)
    ? Object.freeze({
        get value() {
          return read();
        },
      })
    : Object.freeze({ value: read() });
}

function place(target: object, key: PropertyKey, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new SourceError('invalid', 'too-deep');
  Object.defineProperty(target, key, { enumerable: true, get: reader(value, depth) });
}

function reader(value: unknown, depth: number): () => unknown {
  if (value instanceof Uint8Array) {
    const bytes = Uint8Array.from(value);
    return () => hide(Uint8Array.from(bytes));
  }
  if (value instanceof Date) {
    const time = value.getTime();
    return () => new Date(time);
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    for (let index = 0; index < value.length; index += 1) place(copy, index, value[index], depth + 1);
    const sealed = Object.freeze(hide(copy));
    return () => sealed;
  }
  if (isPlain(value)) {
    const copy: object = Object.create(null);
    for (const key of Object.keys(value)) {
      refuseForbidden(key, value[key]);
      place(copy, key, value[key], depth + 1);
    }
    const sealed = Object.freeze(hide(copy));
    return () => sealed;
  }
  return () => value;
}

const isCopiedOut = (value: unknown): boolean => value instanceof Uint8Array || value instanceof Date;

/** Whether `value` is a plain object, as `JSON.parse` makes them. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** @throws {SourceError} `value` under `key` could reach a prototype when it is merged into another object. */
export function refuseForbidden(key: string, value: unknown): void {
  if (FORBIDDEN.has(key) || (key === 'constructor' && isPlain(value) && Object.hasOwn(value, 'prototype'))) {
    throw new SourceError('invalid', 'forbidden-key');
  }
}

/**
 * Hides the content of `target` from printing. The four properties are not enumerable, so a copy by spreading does not
 * have them.
 */
export function hide<T extends object>(target: T): T {
  const redacted = (): string => REDACTED;
  for (const key of ['toJSON', 'toString', Symbol.toPrimitive, inspect.custom] as const) {
    if (!Object.hasOwn(target, key)) Object.defineProperty(target, key, { value: redacted });
  }
  return target;
}

/**
 * Returns a plain, mutable, deep copy of a sealed value, for code that must print or change it. The copy is not
 * redacted: you must protect it.
 *
 * @example
 * ```ts
 * const options = reveal(config.get('db'));
 * ```
 */
export function reveal<T>(value: T): T {
  if (value instanceof Uint8Array) return Uint8Array.from(value) as T;
  if (Array.isArray(value)) return value.map(reveal) as T;
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner)])) as T;
}
