import type { Sorted } from './sorted.ts';

interface Head<T> {
  entry: Sorted<T>;
  readonly run: AsyncGenerator<Sorted<T>>;
}

/** Merges sorted runs into one: a binary heap of their first entries. */
export async function* mergeRuns<T>(runs: readonly AsyncGenerator<Sorted<T>>[]): AsyncGenerator<Sorted<T>> {
  const heap: Head<T>[] = [];
  for (const run of runs) {
    const first = await run.next();
    if (first.done !== true) heap.push({ entry: first.value, run });
  }
  for (let at = (heap.length >> 1) - 1; at >= 0; at -= 1) sink(heap, at);
  for (let [top] = heap; top !== undefined; [top] = heap) {
    yield top.entry;
    const next = await top.run.next();
    if (next.done !== true) top.entry = next.value;
    else {
      const last = heap.pop() as Head<T>;
      if (last !== top) heap[0] = last;
    }
    sink(heap, 0);
  }
}

function sink<T>(heap: Head<T>[], from: number): void {
  const moved = heap[from];
  if (moved === undefined) return;
  let at = from;
  for (;;) {
    const left = 2 * at + 1;
    const [a, b] = [heap[left], heap[left + 1]];
    if (a === undefined) break;
    const isRight = b !== undefined && b.entry.key < a.entry.key;
    const child = isRight ? b : a;
    if (moved.entry.key <= child.entry.key) break;
    heap[at] = child;
    at = isRight ? left + 1 : left;
  }
  heap[at] = moved;
}
