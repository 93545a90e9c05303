import { join } from 'node:path';
import { checkHistory } from './check/check.ts';
import type { Violation } from './check/violation.ts';
import { drawDeployment } from './deployment.ts';
import type { Entry } from './history/entries.ts';
import { createHistory } from './history/file.ts';
import { watchStalls } from './history/stalls.ts';
import type { Mutation } from './mutants/mutation.ts';
import { createRandom } from './random.ts';
import { playRound } from './round.ts';
import type { Profile } from './schedule/choices.ts';
import { makeSchedule } from './schedule/schedule.ts';
import { createOperator } from './stage/operator.ts';
import { setStage } from './stage/stage.ts';

export interface RunOptions {
  readonly seed: number;
  readonly minutes: number;
  /** @default drawn from the seed */
  readonly profile?: Profile | undefined;
  readonly mutation?: Mutation | undefined;
  /** Where the history and the logs of the apps go. It exists. */
  readonly directory: string;
  readonly historyFile: string;
  readonly tell: (line: string) => void;
}

export interface RunResult {
  readonly entries: readonly Entry[];
  readonly violations: readonly Violation[];
}

/** One seed: sets the stage, plays the schedule under load, repairs everything, reads the evidence and checks it. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, minutes, profile, mutation, directory, historyFile, tell } = options;
  const schedule = makeSchedule({ seed, minutes, profile });
  const random = createRandom(`run ${seed}`);
  const drawn = drawDeployment(random.fork('deployment'));
  // Of twins the checker tells which is which by the name that tokens have for it: there it must be the only one.
  const endpoint = drawn.endpoint === true && schedule.profile !== 'twins';
  const deployment = { ...drawn, endpoint, ...mutation?.deployment };
  const history = createHistory(historyFile);
  history.add({
    type: 'run',
    seed,
    minutes,
    profile: schedule.profile,
    deployment,
    ...(mutation !== undefined && { mutant: mutation.name }),
    node: process.version,
  });
  const beganAt = performance.now();
  const now = (): number => Math.round((performance.now() - beganAt) * 10) / 10;

  const stage = await setStage({
    deployment,
    mutation,
    directory,
    onEvent: (region, name, payload) => history.add({ type: 'event', region, atMs: now(), name, payload }),
    onStall: (region, ms) => history.add({ type: 'stall', region, sinceMs: now() - ms, ms }),
    onExit: (region, why) => history.add({ type: 'exit', region, atMs: now(), why }),
  });
  const endWatch = watchStalls((ms) => history.add({ type: 'stall', sinceMs: now() - ms, ms }));
  try {
    const operator = createOperator({
      stage,
      onRows: (rows) => rows.forEach(history.add),
      onTold: history.add,
      onPause: (pause, how) => {
        history.add(pause);
        tell(`          ${pause.region} paused the writes: ${how}`);
      },
      now,
    });
    await playRound({ stage, operator, schedule, deployment, random, now, record: history.add, tell });
  } finally {
    endWatch();
    await stage.close();
    await history.close();
  }
  return { entries: history.entries, violations: checkHistory(history.entries) };
}

/** Where a run of this seed is written, below `directory`. */
export function historyFileOf(directory: string, seed: number, mutant?: string): string {
  return join(directory, `${mutant === undefined ? '' : `${mutant}-`}seed-${seed}.jsonl`);
}
