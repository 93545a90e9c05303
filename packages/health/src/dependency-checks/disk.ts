import { statfs } from 'node:fs/promises';
import { check } from '@regionkit/core/kit';
import type { Check } from '../checks/check.ts';
import { byShare } from './shares.ts';

export interface DiskCheckOptions {
  /** Any path on the file system. @default '/' */
  readonly path?: string;
  /** Warns from this used share, 0 to 1. @default 0.85 */
  readonly warnShare?: number;
  /** Fails from this used share, 0 to 1. @default 0.95 */
  readonly failShare?: number;
}

/**
 * Checks how much of a file system is used: blocks, and files if it counts them. What only the superuser may use counts
 * as used.
 *
 * @example
 * ```ts
 * health.check('disk', diskCheck({ path: '/var/lib/app' }), { severity: 'degraded', intervalMs: 30_000 });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function diskCheck(options: DiskCheckOptions = {}): Check {
  check.object('diskCheck: options', options, ['path', 'warnShare', 'failShare']);
  const { path = '/', warnShare = 0.85, failShare = 0.95 } = options;
  check.string('diskCheck: path', path);
  const judge = byShare('diskCheck', warnShare, failShare);
  return async () => {
    const { blocks, bavail, files, ffree } = await statfs(path);
    return judge(Math.max(blocks > 0 ? 1 - bavail / blocks : 0, files > 0 ? 1 - ffree / files : 0));
  };
}
