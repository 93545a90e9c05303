import type { OpsRecord } from '../records/record.ts';

/** Turns records into text. `add` returns what can be printed now, `end` the rest. */
export interface Renderer {
  add(record: OpsRecord): string;
  end(): string;
}
