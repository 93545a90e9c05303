import { check } from '@regionkit/core/kit';
import type { Check } from '../checks/check.ts';

/** The part of a `PrismaClient` that the check uses. */
export interface PrismaLike {
  $queryRawUnsafe(query: string): PromiseLike<unknown>;
}

/**
 * Checks that the database of a Prisma client answers a query. It says only that a server answers. What the region can do
 * is asked of the router.
 *
 * @example
 * ```ts
 * health.check('prisma', prismaCheck(() => prisma), { affects: ['reads'] });
 * ```
 *
 * @throws {TypeError} `client` is not a function.
 */
export function prismaCheck(client: () => PrismaLike, query = 'SELECT 1'): Check {
  check.function('prismaCheck: client', client);
  check.string('prismaCheck: query', query);
  return async () => {
    await client().$queryRawUnsafe(query);
  };
}
