import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkHistory } from './check/check.ts';
import type { Violation } from './check/violation.ts';
import { type Client, createClient } from './clients/client.ts';
import { drawDeployment } from './deployment.ts';
import { createDriver } from './driver.ts';
import type { Entry, OperationEntry } from './history/entries.ts';
import { createHistory } from './history/file.ts';
import type { Mutation } from './mutants/mutation.ts';
import { createRandom } from './random.ts';
import { REGIONS, type Region } from './regions.ts';
import type { Profile } from './schedule/choices.ts';
import { makeSchedule } from './schedule/schedule.ts';
import { createOperator } from './stage/operator.ts';
import { setStage } from './stage/stage.ts';
import { readRows } from './stage/truth.ts';

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

const CLIENTS_PER_REGION = 3;
const CAUGHT_UP_TIMEOUT_MS = 15_000;
const RECOVERY_TIMEOUT_MS = 30_000;
const RECOVERY_SPACING_MS = 250;
const LAST_READS_TIMEOUT_MS = 30_000;

/** One seed: sets the stage, plays the schedule under load, repairs everything, reads the evidence and checks it. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, minutes, profile, mutation, directory, historyFile, tell } = options;
  const schedule = makeSchedule({ seed, minutes, profile });
  const random = createRandom(`run ${seed}`);
  const deployment = { ...drawDeployment(random.fork('deployment')), ...mutation?.deployment };
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
    onExit: (region, why) => history.add({ type: 'exit', region, atMs: now(), why }),
  });
  try {
    const makeClient = (name: string, home: Region, index: number): Client =>
      createClient({
        name,
        home,
        random: random.fork(name),
        purse: index % 3 === 2 ? 'header' : 'cookies',
        carries: CARRIES[index % CARRIES.length] as OperationEntry['carries'],
        portOf: (region) => stage.ports[region],
        regionAt: stage.regionAt,
        now,
        record: history.add,
      });
    const clients = REGIONS.flatMap((home, at) =>
      Array.from({ length: CLIENTS_PER_REGION }, (_, place) =>
        makeClient(`${home}-${place}`, home, at * CLIENTS_PER_REGION + place),
      ),
    );
    const judge = makeClient('judge', REGIONS[0], 0);
    const operator = createOperator({ stage, onRows: (rows) => rows.forEach(history.add) });
    const driver = createDriver({ operator, schedule, now, record: history.add, tell });

    const lives = clients.map((client) => client.run());
    await driver.play();
    await driver.repair();
    for (const client of clients) client.stop();
    await Promise.all(lives);
    await stage.lab.caughtUp({ timeoutMs: CAUGHT_UP_TIMEOUT_MS }).catch((error: unknown) => tell(String(error)));

    await seeRecovery(judge, { now, rejects: deployment.writes === 'reject' });
    await readEverything(clients, now);
    for (const client of [...clients, judge]) client.close();
    const { primary } = stage.lab;
    for (const row of await readRows(primary, true)) history.add(row);
    history.add({ type: 'end', atMs: now(), primary: primary.name, timeline: operator.timeline });
  } finally {
    await stage.close();
    await history.close();
  }
  return { entries: history.entries, violations: checkHistory(history.entries) };
}

/** Most clients carry everything; some half of it; one nothing, whose writes must still happen once or not at all. */
const CARRIES: readonly OperationEntry['carries'][] = ['both', 'written', 'both', 'both', 'both', 'nothing'];

/** Writes and reads in every region until it works, or for long enough to say that it does not. */
async function seeRecovery(
  judge: Client,
  { now, rejects }: { readonly now: () => number; readonly rejects: boolean },
): Promise<void> {
  const until = now() + RECOVERY_TIMEOUT_MS;
  for (const region of REGIONS) {
    for (const kind of ['append', 'list'] as const) {
      for (;;) {
        const { outcome, hint } = await judge.ask(kind, 'list/judge/0', region);
        if (outcome === 'ok' || (rejects && hint !== undefined) || now() > until) break;
        await pause(RECOVERY_SPACING_MS);
      }
    }
  }
}

/** Each client reads, in every region, what it ever wrote to; apps that do not answer do not hold the run up for long. */
async function readEverything(clients: readonly Client[], now: () => number): Promise<void> {
  const until = now() + LAST_READS_TIMEOUT_MS;
  const reads = clients.map(async (client) => {
    for (const key of client.keys) {
      for (const region of REGIONS) {
        if (now() < until) await client.ask(key.startsWith('register/') ? 'get' : 'list', key, region);
      }
    }
  });
  await Promise.all(reads);
}

/** Where a run of this seed is written, below `directory`. */
export function historyFileOf(directory: string, seed: number, mutant?: string): string {
  return join(directory, `${mutant === undefined ? '' : `${mutant}-`}seed-${seed}.jsonl`);
}
