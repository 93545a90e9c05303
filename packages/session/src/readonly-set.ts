// The set operations of ES2025, if this version of Node has them. A newer type `ReadonlySet` then stays true.
const NEWER = [
  'union',
  'intersection',
  'difference',
  'symmetricDifference',
  'isSubsetOf',
  'isSupersetOf',
  'isDisjointFrom',
];

/** A set that no code can change. Freezing a `Set` does not disable `add`, so the set is a private field. */
class SetView<T> implements ReadonlySet<T> {
  readonly #set: ReadonlySet<T>;

  static {
    for (const name of NEWER) {
      const operation: unknown = Reflect.get(Set.prototype, name);
      if (typeof operation !== 'function') continue;
      Object.defineProperty(SetView.prototype, name, {
        value(this: SetView<unknown>, other: unknown): unknown {
          return operation.call(this.#set, other);
        },
      });
    }
    Object.freeze(SetView.prototype);
  }

  constructor(values: Iterable<T>) {
    this.#set = new Set(values);
    Object.freeze(this);
  }

  get size(): number {
    return this.#set.size;
  }

  has(value: T): boolean {
    return this.#set.has(value);
  }

  keys(): SetIterator<T> {
    return this.#set.keys();
  }

  values(): SetIterator<T> {
    return this.#set.values();
  }

  entries(): SetIterator<[T, T]> {
    return this.#set.entries();
  }

  [Symbol.iterator](): SetIterator<T> {
    return this.#set.values();
  }

  forEach(run: (value: T, key: T, all: ReadonlySet<T>) => void, thisArg?: unknown): void {
    for (const value of this.#set) run.call(thisArg, value, value, this);
  }
}

/** Returns these values as a set that no code can change. */
export function readonlySet<T>(values: Iterable<T>): ReadonlySet<T> {
  return new SetView(values);
}
