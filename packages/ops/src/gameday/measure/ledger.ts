import type { Sample } from './sample.ts';

/** What became of the writes, compared with the rows that the primary holds at the end. */
export interface Ledger {
  readonly acknowledged: number;
  /** Acknowledged, and not there. */
  readonly lost: ReadonlySet<string>;
  /** How much time the lost writes cover: from the first one to the fault, or to the last one if that is later. */
  readonly lossMs: number;
  /** There more than once. */
  readonly duplicated: number;
  /** There, although the answer had said that nothing was done. */
  readonly againstWord: number;
}

/**
 * Pure.
 *
 * @param rows how often each row is there
 */
export function balance(samples: readonly Sample[], rows: ReadonlyMap<string, number>, faultAtMs: number): Ledger {
  const writes = samples.filter(({ kind }) => kind === 'write');
  const acknowledged = writes.filter(({ outcome }) => outcome === 'ok');
  const lost = acknowledged.filter(({ id = '' }) => !rows.has(id));
  const lostAtMs = lost.map(({ endedAtMs }) => endedAtMs);
  const ofDriver = writes.map(({ id = '' }) => rows.get(id) ?? 0);
  return {
    acknowledged: acknowledged.length,
    lost: new Set(lost.map(({ id = '' }) => id)),
    // A loss is never nothing, even of one write in the moment of the fault.
    lossMs:
      lost.length === 0
        ? 0
        : Math.max(1, faultAtMs - Math.min(...lostAtMs), Math.max(...lostAtMs) - Math.min(...lostAtMs)),
    duplicated: ofDriver.filter((count) => count > 1).length,
    againstWord: writes.filter(({ outcome, id = '' }) => outcome === 'refused' && rows.has(id)).length,
  };
}
