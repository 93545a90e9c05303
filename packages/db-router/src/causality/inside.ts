import type { Context } from '@regionkit/core/kit';

/**
 * Runs `fn` with `value` in the context, across every `await` in it. A query builder starts only when it is awaited, so
 * if `fn` returns one, it is awaited inside too.
 */
export function runInside<Value, T>(context: Context<Value>, value: Value, fn: () => T): T {
  return context.run(value, () => {
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
