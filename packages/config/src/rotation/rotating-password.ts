import type { ConfigRef } from '../config.ts';
import { createCredentials, type Pair, type RotationOptions } from './credentials.ts';

/** A password for drivers that call a function for each new connection. */
export interface RotatingPassword {
  (): Promise<string>;
  /**
   * Call it with the error of a failed connection and the password it used. Connections that fail at the same time may
   * have used different ones. Resolves to true if the database refused that password and there is another one to try:
   * connect again. Resolves to false for any other error, and when every password was refused.
   *
   * @example
   * ```ts
   * const password = rotatingPassword(config.ref('db'));
   * const tried = await password();
   * await connect({ user: 'app', password: tried }).catch(async (error) => {
   *   if (!(await password.retry(error, tried))) throw error;
   *   return connect({ user: 'app', password: await password() });
   * });
   * ```
   *
   * @param tried the password that was used. Default: the one this function returns now
   */
  retry(error: unknown, tried?: string): Promise<boolean>;
}

/**
 * Makes a password function for drivers: `new pg.Pool({ password: rotatingPassword(ref) })`. The function does not
 * learn whether its password was refused, so alone it only follows the value. With `retry` in the loop that connects,
 * it also works during a rotation. For `pg`, {@link rotatingClient} is that loop. The user stays the one in the
 * driver's configuration: for a rotation that alternates between two users, use `rotatingClient`.
 *
 * @example
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
 * @throws {TypeError | RangeError} An option is wrong.
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
