import { basename, dirname } from 'node:path';
import type { Context, Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { lockRuns } from '../failover/run-file/lock.ts';
import { openRunFile } from '../failover/run-file/run-file.ts';
import type { SalvageOptions } from './options.ts';

/** Writes into the run file of the failover where the list is, so that a rebuild may follow if it is complete. */
export async function tellRun(
  { emit }: Context,
  { runFile, run, out }: SalvageOptions,
  outcome: Outcome,
): Promise<void> {
  if (runFile === undefined || run === undefined) return;
  const directory = dirname(runFile);
  await using lock = await lockRuns(directory);
  if (lock.by !== undefined) {
    emit({
      type: 'finding',
      id: 'run-file-busy',
      level: 'warning',
      where: run.id,
      evidence: `The process ${lock.by} is at work on a run of this directory: the run file does not say that the list was made.`,
      fix: 'Salvage again into another directory when it has ended. Without it, failover resume refuses the rebuild.',
    });
    return;
  }
  await using file = await openRunFile(directory, basename(runFile, '.ndjson'));
  const state = outcome.exit === EXIT.unknown ? 'unknown' : 'done';
  await file.append('salvaged', state, { says: outcome.summary, directory: out });
}
