import { basename, dirname } from 'node:path';
import { errorCode } from '@regionkit/core/kit';
import type { Context, Outcome } from '../command.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { lockRuns } from '../failover/run-file/lock.ts';
import { openRunFile } from '../failover/run-file/run-file.ts';
import { UnwrittenLine } from '../failover/run-file/unwritten-line.ts';
import type { SalvageOptions } from './options.ts';

/** Writes into the run file of the failover where the list is, so that a rebuild may follow if it is complete. */
export async function tellRun(
  { emit }: Context,
  { runFile, run, out }: SalvageOptions,
  outcome: Outcome,
): Promise<void> {
  if (runFile === undefined || run === undefined) return;
  const why = await whyNotTold(runFile, out, outcome);
  if (why === undefined) return;
  emit({
    type: 'finding',
    id: why.id,
    level: 'warning',
    where: run.id,
    evidence: `${why.evidence}: the run file does not say that the list was made. The list itself is whole.`,
    fix: `${why.fix} salvage again into another directory. Without it, failover resume refuses the rebuild.`,
  });
}

interface NotTold {
  readonly id: string;
  readonly evidence: string;
  readonly fix: string;
}

/** Undefined: the run file says it. A failure here does not make the list wrong. */
async function whyNotTold(runFile: string, out: string, outcome: Outcome): Promise<NotTold | undefined> {
  const directory = dirname(runFile);
  try {
    await using lock = await lockRuns(directory);
    if (lock.by !== undefined) {
      const evidence = `The process ${lock.by} is at work on a run of this directory`;
      return { id: 'run-file-busy', evidence, fix: 'When it has ended,' };
    }
    await using file = await openRunFile(directory, basename(runFile, '.ndjson'));
    const state = outcome.exit === EXIT.unknown ? 'unknown' : 'done';
    await file.append('salvaged', state, { says: outcome.summary, directory: out });
    return undefined;
  } catch (error) {
    if (!(error instanceof UnwrittenLine || error instanceof OpsError)) throw error;
    const code = errorCode(error.cause) ?? 'no code';
    const evidence = `The file ${runFile} cannot be written (${code})`;
    return { id: 'run-file-not-written', evidence, fix: 'Make room on its disk and let this user write there. Then' };
  }
}
