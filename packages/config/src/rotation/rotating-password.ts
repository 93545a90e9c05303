import type { ConfigRef } from '../config.ts';
import { createCredentials, type Pair, type RotationOptions } from './credentials.ts';

/** A password for drivers that ask a function for it, once for each new connection. */
export interface RotatingPassword {
  (): Promise<string>;
  /**
   * Call it with the error of a connection that failed, and the password it had: connections that fail at the same time
   * may have had different ones. True if it was refused and there is another to try: connect again. False for any other
   * error, and when every password there is has been refused.
   *
   * @param tried what this function would give now, if left out
   */
  retry(error: unknown, tried?: string): Promise<boolean>;
}

/**
 * The password of a value, for drivers that take a function: `new pg.Pool({ password: rotatingPassword(ref) })`. Such a
 * function cannot know that its password was refused, so on its own it follows the value and no more; with `retry` in
 * the loop that connects, it gets over the window of a rotation as well. With `pg`, `rotatingClient` is that loop. The
 * user stays the one the driver was given: for a rotation that alternates between two, use `rotatingClient`.
 *
 * ```ts
 * const password = rotatingPassword(config.ref('db'));
 * for (;;) {
 *   const tried = await password();
 *   try {
 *     return await connect({ user: 'app', password: tried });
 *   } catch (error) {
 *     if (!(await password.retry(error, tried))) throw error;
 *   }
 * }
 * ```
 *
 * @throws {TypeError | RangeError} An option is not what it must be.
 */
export function rotatingPassword<T>(ref: ConfigRef<T>, options: RotationOptions<T> = {}): RotatingPassword {
  const credentials = createCredentials('rotatingPassword', ref, options);
  let refused: Pair[] = [];
  let version = ref.version;
  let sinceMs = Number.NEGATIVE_INFINITY;
  const forgetIfOld = (): void => {
    const now = credentials.clock.now();
    if (version === ref.version && now - sinceMs < credentials.budgetMs) return;
    refused = [];
    version = ref.version;
    sinceMs = now;
  };
  return Object.assign(async () => credentials.first().password, {
    retry: async (error: unknown, tried?: string) => {
      if (!credentials.isRefusal(error)) return false;
      forgetIfOld();
      const first = credentials.first();
      const password = tried ?? first.password;
      if (!refused.some((one) => one.password === password)) refused.push({ ...first, password });
      if (refused.length >= credentials.maxAttempts) return false;
      const next = await credentials.next(refused, sinceMs + credentials.budgetMs);
      if (next !== undefined) credentials.accepted(next);
      return next !== undefined;
    },
  });
}
