/** An entry of a sorted run. */
export interface Sorted<T> {
  readonly key: string;
  readonly value: T;
}
