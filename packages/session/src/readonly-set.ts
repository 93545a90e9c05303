// The set operations of ES2025, where this Node has them, so that a newer `ReadonlySet` type keeps its word.
const NEWER = [
  'union',
  'intersection',
  'difference',
  'symmetricDifference',
  'isSubsetOf',
  'isSupersetOf',
  'isDisjointFrom',
];

/** A set that nobody can change: freezing a `Set` would still leave its `add`. */
export function readonlySet<T>(values: Iterable<T>): ReadonlySet<T> {
  const set = new Set(values);
  const view = {
    size: set.size,
    has: (value: T) => set.has(value),
    keys: () => set.keys(),
    values: () => set.values(),
    entries: () => set.entries(),
    [Symbol.iterator]: () => set.values(),
    [Symbol.toStringTag]: 'ReadonlySet',
    forEach: (run: (value: T, key: T, all: ReadonlySet<T>) => void, thisArg?: unknown) => {
      for (const value of set) run.call(thisArg, value, value, view as ReadonlySet<T>);
    },
  };
  for (const name of NEWER) {
    const operation: unknown = Reflect.get(set, name);
    if (typeof operation === 'function') Object.defineProperty(view, name, { value: operation.bind(set) });
  }
  return Object.freeze(view) as ReadonlySet<T>;
}
