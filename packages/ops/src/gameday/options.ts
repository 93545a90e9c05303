import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import type { Context } from '../command.ts';
import { OpsError } from '../errors.ts';
import { durationOption } from '../options/duration.ts';
import { list } from '../options/text.ts';
import type { Objective } from './measure/verdict.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

export interface RunOptions extends Objective {
  readonly scenarios: readonly Scenario[];
  readonly seed: string;
  /** The directory of the journals. */
  readonly out: string;
}

export const DEFAULT_OBJECTIVE_MS = 300_000;
export const DEFAULT_RPO_MS = 5_000;

/** @throws {OpsError} `ERR_OPS_USAGE` */
export function readRunOptions({ values, directory }: Context): RunOptions {
  const remote = ['path', 'inject', 'without', 'within', 'stable'].find((name) => values[name] !== undefined);
  if (remote !== undefined) throw new OpsError('ERR_OPS_USAGE', `--${remote} is for a run without --local`);
  const seed = values['seed'] ?? String(randomInt(1_000_000));
  if (typeof seed !== 'string' || !/^[\w.-]{1,64}$/.test(seed)) {
    throw new OpsError('ERR_OPS_USAGE', '--seed must be 1 to 64 letters, digits, ., _ or -');
  }
  return {
    scenarios: readScenarios(values['scenario'] as readonly string[] | undefined),
    seed,
    out: outOption(values['out'], directory),
    objectiveMs: durationOption('objective', values['objective'], DEFAULT_OBJECTIVE_MS),
    rpoMs: durationOption('rpo', values['rpo'], DEFAULT_RPO_MS),
  };
}

export const outOption = (given: unknown, directory: string): string => resolve(directory, String(given ?? 'gameday'));

function readScenarios(given: readonly string[] | undefined): readonly Scenario[] {
  if (given === undefined) return SCENARIOS;
  const names = given.flatMap((one) => one.split(','));
  return names.map((name) => {
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (scenario === undefined) {
      throw new OpsError('ERR_OPS_USAGE', `--scenario must be of ${list(SCENARIOS.map((one) => one.name))}`);
    }
    return scenario;
  });
}
