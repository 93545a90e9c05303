/** Waits, and keeps the process alive meanwhile: somebody awaits the outcome. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface UntilOptions {
  readonly timeoutMs: number;
  readonly everyMs?: number;
  /** What to throw when the time is over. */
  readonly orThrow: () => Error;
}

/** Asks again and again until the answer is neither undefined nor false, and gives it. */
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
