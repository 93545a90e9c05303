import { check, dropRejection } from '@regionkit/core/kit';

/** The allowed results of a function of the app. */
export interface Returns<T> {
  /** For a message, such as `true or false`. */
  readonly text: string;
  is(returned: unknown): returned is T;
}

export const IS_WRITE: Returns<boolean | undefined> = {
  text: 'true, false or undefined',
  is: (returned) => returned === undefined || typeof returned === 'boolean',
};
export const TRUST: Returns<boolean> = {
  text: 'true or false',
  is: (returned) => typeof returned === 'boolean',
};
export const TEXT: Returns<string | undefined> = {
  text: 'a string or undefined',
  is: (returned) => returned === undefined || typeof returned === 'string',
};

/**
 * The gate does not await functions of the app. A promise would count as true: the gate would forward every GET, or
 * trust every client.
 *
 * @throws {TypeError} It is not a function, or it is an async one.
 */
export function checkSync<T, F extends (request: never) => T>(option: string, given: F, returns: Returns<T>): F {
  check.function(option, given);
  if (given.constructor.name === 'AsyncFunction') {
    throw new TypeError(`${option} must return ${returns.text} at once; got an async function`);
  }
  return given;
}

/**
 * Checks the result of a function of the app. A promise that rejects later does not end the process.
 *
 * @throws {TypeError} The result is not allowed, for example a promise.
 */
export function returned<T>(name: string, value: unknown, returns: Returns<T>): T {
  if (returns.is(value)) return value;
  dropRejection(value);
  throw new TypeError(`${name} of createWriteGate must return ${returns.text}`);
}
