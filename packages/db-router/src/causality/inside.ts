import type { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs `fn` with `value` in the storage, across every `await` in it. A query builder starts only when it is awaited, so
 * if `fn` returns one, it is awaited inside too.
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
