import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/**
 * Checks options with one grammar: `<option> must be <what is allowed>; got <what was given>`. A wrong type throws a
 * `TypeError`, a value out of range a `RangeError`. `option` includes the factory: `createHealth: token`.
 */
export const check = {
  integer(option: string, given: unknown, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): number {
    if (typeof given !== 'number' || Number.isNaN(given)) throw wrongType(option, 'an integer', given);
    if (!Number.isInteger(given) || given < min || given > max) {
      throw new RangeError(`${option} must be an integer from ${min} to ${max}; got ${given}`);
    }
    return given;
  },

  number(option: string, given: unknown, { min = 0, max = Number.MAX_VALUE }: Range = {}): number {
    if (typeof given !== 'number' || Number.isNaN(given)) throw wrongType(option, 'a number', given);
    if (given < min || given > max)
      throw new RangeError(`${option} must be a number from ${min} to ${max}; got ${given}`);
    return given;
  },

  boolean(option: string, given: unknown): boolean {
    if (typeof given !== 'boolean') throw wrongType(option, 'a boolean', given);
    return given;
  },

  /** A non-empty string. The message never contains the value, because it may be a secret. */
  string(option: string, given: unknown): string {
    if (typeof given !== 'string') throw wrongType(option, 'a string', given);
    if (given === '') throw new RangeError(`${option} must not be empty`);
    return given;
  },

  oneOf<const T extends string | number>(option: string, given: unknown, allowed: readonly T[]): T {
    if (!allowed.includes(given as T)) {
      const list = allowed.map((value) => JSON.stringify(value)).join(', ');
      throw new (typeof given === typeof allowed[0] ? RangeError : TypeError)(
        `${option} must be one of ${list}; got ${typeof given === 'string' ? JSON.stringify(given.slice(0, 64)) : typeName(given)}`,
      );
    }
    return given as T;
  },

  // biome-ignore lint/complexity/noBannedTypes: any function will do.
  function<T extends Function>(option: string, given: T): T {
    if (typeof given !== 'function') throw wrongType(option, 'a function', given);
    return given;
  },

  /** An object that has at least these methods. */
  methods<T extends object>(option: string, given: T, names: readonly (keyof T & string)[]): T {
    check.object(option, given);
    for (const name of names) check.function(`${option}.${name}`, given[name] as () => unknown);
    return given;
  },

  logger(option: string, given: Logger): Logger {
    return check.methods(option, given, ['info', 'warn', 'error']);
  },

  clock(option: string, given: Clock): Clock {
    return check.methods(option, given, ['now', 'wallMs', 'schedule']);
  },

  /** The result of `defineRegions`, and not its options. */
  regions<T extends object>(option: string, given: T): T {
    return madeBy(option, given, 'what defineRegions returns', ['list', 'get']);
  },

  /** A `RegionView`. */
  view<T extends object>(option: string, given: T): T {
    return madeBy(option, given, 'a RegionView such as health.view', ['list', 'get', 'subscribe']);
  },

  /** An object that is not an array. With `known`, other keys are refused: a misspelt option must not be ignored. */
  object<T extends object>(option: string, given: T, known?: readonly (keyof T & string)[]): T {
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw wrongType(option, 'an object', given);
    const unknownKey = known && Object.keys(given).find((key) => !(known as readonly string[]).includes(key));
    if (unknownKey !== undefined) {
      throw new TypeError(`${option} has no option ${JSON.stringify(unknownKey)}; it takes ${known?.join(', ')}`);
    }
    return given;
  },
};

export interface Range {
  readonly min?: number;
  readonly max?: number;
}

function madeBy<T extends object>(option: string, given: T, allowed: string, members: readonly string[]): T {
  if (typeof given !== 'object' || given === null) throw wrongType(option, allowed, given);
  const missing = members.find((member) => !(member in given));
  if (missing !== undefined) throw new TypeError(`${option} must be ${allowed}; got an object without ${missing}`);
  return given;
}

function wrongType(option: string, allowed: string, given: unknown): TypeError {
  return new TypeError(`${option} must be ${allowed}; got ${typeName(given)}`);
}

function typeName(given: unknown): string {
  if (given === null) return 'null';
  if (Array.isArray(given)) return 'an array';
  return Number.isNaN(given) ? 'NaN' : typeof given;
}
