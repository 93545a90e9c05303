/** Waits. It keeps the process alive, because a caller awaits the result. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface UntilOptions {
  readonly timeoutMs: number;
  readonly everyMs?: number;
  /** Returns the error to throw at the timeout. */
  readonly orThrow: () => Error;
}

/** Calls `ask` repeatedly until its result is neither undefined nor false, and returns that result. */
export async function until<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs, everyMs = 10, orThrow }: UntilOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() >= deadline) throw orThrow();
    await sleep(everyMs);
  }
}
