import type { DrillEnd, DrillStart, OpsRecord } from '../../records/record.ts';
import { readRecord } from './read-record.ts';

/** What a journal tells. */
export interface ParsedJournal {
  readonly records: readonly OpsRecord[];
  readonly start: DrillStart;
  /** Undefined: the drill did not come to its end. */
  readonly end: DrillEnd | undefined;
}

/**
 * Reads a journal. A last line without its end was cut while it was written, and is left out. Undefined: a line is not
 * one of a journal, or it does not begin with a drill.
 */
export function parseJournal(content: string): ParsedJournal | undefined {
  const lines = content
    .slice(0, content.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  const records = lines.map(readRecord);
  const [start] = records;
  if (start?.type !== 'drill' || records.includes(undefined)) return undefined;
  return {
    records: records as readonly OpsRecord[],
    start,
    end: records.find((record) => record?.type === 'measured') as DrillEnd | undefined,
  };
}
