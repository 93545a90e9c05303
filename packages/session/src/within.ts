import type { Clock } from '@regionkit/core/kit';

/** The result of work with a deadline. */
export type Within<T> = { readonly state: 'done'; readonly value: T } | { readonly state: 'failed' | 'late' };

/**
 * Waits for `work` for at most `timeoutMs`. Never rejects. Work that ends later is ignored, whether it succeeds or
 * fails.
 */
export function within<T>(work: PromiseLike<T>, timeoutMs: number, clock: Clock): Promise<Within<T>> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(() => resolve({ state: 'late' }), timeoutMs);
    const settle = (result: Within<T>): void => {
      cancel();
      resolve(result);
    };
    Promise.resolve(work).then(
      (value) => settle({ state: 'done', value }),
      () => settle({ state: 'failed' }),
    );
  });
}
