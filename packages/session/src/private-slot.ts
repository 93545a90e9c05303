/** A value for each object, which only the owner of the slot can read or set. Copies of an object do not have it. */
export interface PrivateSlot<V> {
  get(object: object): V | undefined;
  set(object: object, value: V): void;
}

/**
 * The same as a `WeakMap`, as a private field on the object itself: a `WeakMap` with an entry for each request costs the
 * garbage collector more than all other work of a door.
 */
export function createPrivateSlot<V>(): PrivateSlot<V> {
  class Slot extends Returned {
    #value: V | undefined;

    static get(object: object): V | undefined {
      return #value in object ? object.#value : undefined;
    }

    static set(object: object, value: V): void {
      const slot = #value in object ? object : new Slot(object);
      slot.#value = value;
    }
  }
  return Slot;
}

/** A class that extends it adds its private fields to the object that is passed in. */
class Returned {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is what the class is for.
    return object;
  }
}
