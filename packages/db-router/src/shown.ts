import { inspect } from 'node:util';

/**
 * Defines how an object is printed and written as JSON: as `show()` returns it. Its fields may lead to the options of a
 * pool, and those to a password.
 */
export function shownAs<T extends object>(object: T, name: string, show: () => object): T {
  return Object.defineProperties(object, {
    toJSON: { configurable: true, value: show },
    [inspect.custom]: {
      configurable: true,
      value: (_depth: number, options: object) => `${name} ${inspect(show(), options)}`,
    },
  });
}
