import { check } from '@regionkit/core/kit';
import type { Check } from '../checks/check.ts';

/** The part of a client of `ioredis` or `redis` that the check uses. */
export interface RedisLike {
  ping(): Promise<unknown>;
  /** Of `redis`. */
  readonly isReady?: boolean;
  /** Of `ioredis`. */
  readonly status?: string;
}

/**
 * Checks that Redis answers `PING`. A client that is not connected fails at once: its command would wait in a queue.
 *
 * @example
 * ```ts
 * health.check('redis', redisCheck(() => redis), { severity: 'degraded' });
 * ```
 *
 * @throws {TypeError} `client` is not a function.
 */
export function redisCheck(client: () => RedisLike): Check {
  check.function('redisCheck: client', client);
  return async () => {
    const redis = client();
    // An ioredis with lazyConnect connects at the first command.
    const connected = redis.isReady ?? (redis.status === undefined || /^(?:ready|wait)$/.test(redis.status));
    if (!connected) return { status: 'fail', message: 'not connected' };
    return String(await redis.ping()) === 'PONG' ? { status: 'pass' } : { status: 'fail', message: 'no PONG' };
  };
}
