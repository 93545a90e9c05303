import type { OperationEntry } from '../history/entries.ts';
import type { History } from './index-history.ts';

/** Told by an operator to forget, an app rightly goes on with what it knew before: such a request proves nothing of it. */
export function overlapsReset({ faults }: History, { startMs: begin, endMs: end }: OperationEntry): boolean {
  return faults.some(({ fault, startMs, endMs }) => fault.kind === 'settle-twins' && begin <= endMs && end >= startMs);
}
