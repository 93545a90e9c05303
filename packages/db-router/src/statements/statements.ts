import { createReads, type ReadParts, type Reads } from './reads.ts';
import type { Runner } from './run.ts';
import { createWrites, type WriteParts, type Writes } from './writes.ts';

/** Single statements: routed, run, and run again if that is safe. */
export interface Statements extends Reads, Writes {}

export function createStatements(engine: ReadParts & WriteParts, runner: Runner): Statements {
  const writes = createWrites(engine, runner);
  return { ...createReads(engine, runner, writes), ...writes };
}
