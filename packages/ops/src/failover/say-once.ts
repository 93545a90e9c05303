import type { Emit, Finding } from '../records/record.ts';
import type { RunContext } from './run-context.ts';
import { endedBy, evidences } from './run-file/recorded.ts';
import { UnwrittenLine } from './run-file/unwritten-line.ts';

/**
 * Emits a finding of a run, unless an earlier command has emitted it for the same fact: the run file keeps what a person was told.
 *
 * @param fact differs if the finding is to be read again. By default its evidence
 */
export async function sayOnce(
  { file }: Pick<RunContext, 'file'>,
  finding: Finding,
  emit: Emit,
  fact: string = finding.evidence,
): Promise<void> {
  const { id, where, evidence } = finding;
  const last = evidences(file.lines, 'said').findLast((one) => one['id'] === id && one['where'] === where);
  if (last?.['fact'] === fact) return;
  emit(finding);
  // No command goes on with a run that is over.
  if (endedBy(file.lines) !== undefined) return;
  try {
    await file.append('said', 'done', { says: evidence, id, where, fact });
  } catch (error) {
    // It is not a step: the next command only says it again.
    if (!(error instanceof UnwrittenLine)) throw error;
  }
}
