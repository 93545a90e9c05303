import type { Fork } from '@regionkit/core';
import { parseLsn } from './lsn.ts';

const MAX_FORKS = 64;
const LINE = /^\s*(\d{1,10})\s+([0-9A-F]{1,8}\/[0-9A-F]{1,8})\s/;

/**
 * Parses a history file into its forks: one line for each ancestor, the oldest first, with the position at which it was
 * left (https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES and `timeline.c` in the
 * source). Other lines are ignored.
 *
 * @param child the timeline of this history
 */
export function parseHistory(history: string, system: string, child: number): readonly Fork[] {
  const ancestors = history.split('\n').flatMap((line): { timeline: number; lsn: bigint }[] => {
    const [, timeline, position] = LINE.exec(`${line}\n`) ?? [];
    const lsn = position === undefined ? undefined : parseLsn(position);
    return lsn === undefined ? [] : [{ timeline: Number(timeline), lsn }];
  });
  const children = [...ancestors.slice(1).map(({ timeline }) => timeline), child];
  const forks = ancestors.map(({ timeline, lsn }, at) => ({ system, parent: timeline, child: children[at] ?? 0, lsn }));
  return forks.every(({ parent, child: next }) => parent >= 1 && parent < next) ? forks.slice(-MAX_FORKS) : [];
}
