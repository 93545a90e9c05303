/** Reads a value from outside, or throws {@link ShapeError}. */
export type Shape<T> = (given: unknown) => T;

/** A value is not what it must be. It holds nothing of the value. */
export class ShapeError extends Error {}

const MAX_TEXT = 1_000;
const MAX_ENTRIES = 1_000;

function refuse(expected: string): never {
  throw new ShapeError(`not ${expected}`);
}

export const number: Shape<number> = (given) =>
  typeof given === 'number' && Number.isFinite(given) ? given : refuse('a number');

export const boolean: Shape<boolean> = (given) => (typeof given === 'boolean' ? given : refuse('a boolean'));

/** At most 1,000 characters: the rest is cut. */
export const text: Shape<string> = (given) => (typeof given === 'string' ? given.slice(0, MAX_TEXT) : refuse('a text'));

export const nullable =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (given) =>
    given === null ? null : shape(given);

/** At most 1,000 entries. */
export const list =
  <T>(shape: Shape<T>): Shape<readonly T[]> =>
  (given) =>
    Array.isArray(given) && given.length <= MAX_ENTRIES ? given.map((entry) => shape(entry)) : refuse('a list');

/** An object, whatever its members are. */
export const members = (given: unknown): Readonly<Record<string, unknown>> =>
  typeof given === 'object' && given !== null && !Array.isArray(given)
    ? (given as Record<string, unknown>)
    : refuse('an object');

/** Members with any name; at most 1,000. */
export const record =
  <T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> =>
  (given) => {
    const entries = Object.entries(members(given));
    if (entries.length > MAX_ENTRIES) refuse('so small');
    return Object.fromEntries(entries.map(([name, value]) => [name, shape(value)]));
  };

/** All members of the table. Other members are left out. */
export const object =
  <T extends object>(table: { readonly [Name in keyof T]: Shape<T[Name]> }): Shape<T> =>
  (given) => {
    const from = members(given);
    const names = Object.keys(table) as (keyof T & string)[];
    return Object.fromEntries(names.map((name) => [name, table[name](from[name])])) as T;
  };

/** Reads JSON from outside. Undefined: it is no JSON, or has another shape. */
export function readJson<T>(shape: Shape<T>, json: string): T | undefined {
  try {
    return shape(JSON.parse(json));
  } catch (error) {
    if (error instanceof ShapeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
