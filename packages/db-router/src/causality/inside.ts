import type { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs `fn` with `value` as what the storage holds, across every `await` in it. What a query builder returns does nothing
 * until it is awaited: it is awaited inside too, or it would start where the caller is.
 */
export function runInside<Value, T>(storage: AsyncLocalStorage<Value>, value: Value, fn: () => T): T {
  return storage.run(value, () => {
    const result = fn();
    return isLazy(result) ? (new Promise((resolve, reject) => result.then(resolve, reject)) as T) : result;
  });
}

function isLazy(result: unknown): result is PromiseLike<unknown> {
  return (
    typeof result === 'object' &&
    result !== null &&
    !(result instanceof Promise) &&
    typeof (result as { then?: unknown }).then === 'function'
  );
}
