import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { check } from '@regionkit/core/kit';
import type { Check } from '../checks/check.ts';
import { byShare } from './shares.ts';

export interface MemoryCheckOptions {
  /** Warns from this share of the limit, 0 to 1. @default 0.85 */
  readonly warnShare?: number;
  /** Fails from this share of the limit, 0 to 1. @default 0.95 */
  readonly failShare?: number;
  /** @default what Node reports */
  readonly measure?: () => readonly { readonly used: number; readonly limit: number }[];
}

/**
 * Checks the memory of this process: its resident set against the limit of the container or the machine, and the heap
 * against the limit of V8. The larger share counts. Use it with `scope: 'relative'`.
 *
 * @example
 * ```ts
 * health.check('memory', memoryCheck({ warnShare: 0.8, failShare: 0.95 }), { scope: 'relative' });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function memoryCheck(options: MemoryCheckOptions = {}): Check {
  check.object('memoryCheck: options', options, ['warnShare', 'failShare', 'measure']);
  const { warnShare = 0.85, failShare = 0.95, measure = measured } = options;
  check.function('memoryCheck: measure', measure);
  const judge = byShare('memoryCheck', warnShare, failShare);
  return () => judge(Math.max(...measure().map(({ used, limit }) => used / limit)));
}

function measured(): { readonly used: number; readonly limit: number }[] {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  // Without a limit of the container, Node reports 0 or a number that no machine has.
  const constrained = process.constrainedMemory();
  const machine = totalmem();
  return [
    { used, limit },
    { used: process.memoryUsage.rss(), limit: constrained > 0 && constrained < machine ? constrained : machine },
  ];
}
