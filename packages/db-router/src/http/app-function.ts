import { check, dropRejection } from '@regionkit/core/kit';

/** What a function of the app may return. */
export interface Returns<T> {
  /** For a message: `true or false`. */
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
 * The gate does not await what it asks the app. A promise would be true: it would forward every GET, or trust every client.
 *
 * @throws {TypeError} it is no function, or an async one
 */
export function checkSync<T>(option: string, given: (request: never) => T, returns: Returns<T>): void {
  check.function(option, given);
  if (given.constructor.name === 'AsyncFunction') {
    throw new TypeError(`${option} must return ${returns.text} at once; got an async function`);
  }
}

/**
 * What a function of the app returned, when it is what it may be. A promise that rejects later does not end the process.
 *
 * @throws {TypeError} it is something else, such as a promise
 */
export function returned<T>(name: string, value: unknown, returns: Returns<T>): T {
  if (returns.is(value)) return value;
  dropRejection(value);
  throw new TypeError(`${name} of createWriteGate must return ${returns.text}`);
}
