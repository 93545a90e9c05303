/**
 * Returns a new object without a prototype. V8 keeps `Object.create(null)` as a dictionary. This one has a hidden class,
 * which all objects with the same members share: it is made, read and frozen faster and takes less memory.
 */
export function bareObject(): object {
  return Object.setPrototypeOf({}, null);
}
