import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { OpsError } from '../errors.ts';
import type { Plan } from '../failover/plan.ts';
import { parseRun } from '../failover/run-file/parse.ts';
import { doneEvidence } from '../failover/run-file/recorded.ts';

/** What the run file of a failover says of it. */
export interface RunFacts {
  readonly id: string;
  readonly plan: Pick<Plan, 'from' | 'target'>;
  /** The identifier of the database cluster. Undefined: not recorded. */
  readonly system?: string | undefined;
  readonly fork: string | undefined;
  readonly firstXid: bigint | undefined;
  readonly firstXidAtLeast: bigint | undefined;
}

/** @throws {OpsError} `ERR_OPS_USAGE`: the file cannot be read, or is not the run file of a failover */
export async function readRunFacts(path: string): Promise<RunFacts> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'no code';
    throw new OpsError('ERR_OPS_USAGE', `--run: the run file cannot be read (${code})`);
  }
  const { lines } = parseRun(content);
  const evidence = doneEvidence(lines, 'plan');
  const { from, target } = (evidence?.['plan'] ?? {}) as Partial<Plan>;
  if (typeof from !== 'string' || typeof target !== 'string')
    throw new OpsError('ERR_OPS_USAGE', '--run: the file is not the run file of a failover');
  const fork = doneEvidence(lines, 'fork');
  return {
    id: basename(path).replace(/\.ndjson$/, ''),
    plan: { from, target },
    system: text(evidence?.['system'], /^\d{1,20}$/),
    fork: text(fork?.['fork'], /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i),
    firstXid: number(fork?.['firstXid']),
    firstXidAtLeast: number(fork?.['firstXidAtLeast']),
  };
}

const text = (given: unknown, pattern: RegExp): string | undefined =>
  typeof given === 'string' && pattern.test(given) ? given : undefined;

function number(given: unknown): bigint | undefined {
  const digits = text(given, /^\d{1,20}$/);
  return digits === undefined ? undefined : BigInt(digits);
}
