import type { Engine } from '../engine.ts';
import { createReads, type Reads } from './reads.ts';
import type { Runner } from './run.ts';
import { createWrites, type Writes } from './writes.ts';

/** Single statements: routed, run, and run again when that is known to be safe. */
export interface Statements extends Reads, Writes {}

export function createStatements(engine: Engine, runner: Runner): Statements {
  const writes = createWrites(engine, runner);
  return { ...createReads(engine, runner, writes), ...writes };
}
