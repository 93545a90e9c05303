import type { Clock } from '@regionkit/core/kit';

/** What became of work that was given a deadline. */
export type Within<T> = { readonly state: 'done'; readonly value: T } | { readonly state: 'failed' | 'late' };

/** Waits for `work`, at most `timeoutMs`. Never rejects; work that ends later, either way, is dropped quietly. */
export function within<T>(work: PromiseLike<T>, timeoutMs: number, clock: Clock): Promise<Within<T>> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(() => resolve({ state: 'late' }), timeoutMs);
    Promise.resolve(work).then(
      (value) => {
        cancel();
        resolve({ state: 'done', value });
      },
      () => {
        cancel();
        resolve({ state: 'failed' });
      },
    );
  });
}
