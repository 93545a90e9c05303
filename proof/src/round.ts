import { setTimeout as pause } from 'node:timers/promises';
import { type Client, createClient } from './clients/client.ts';
import { createLedgerPlan } from './clients/ledger-plan.ts';
import type { Plan } from './clients/plan.ts';
import { createDriver } from './driver.ts';
import type { OperationEntry, RunEntry } from './history/entries.ts';
import type { HistoryWriter } from './history/file.ts';
import type { Random } from './random.ts';
import { REGIONS, type Region } from './regions.ts';
import type { Schedule } from './schedule/schedule.ts';
import type { Operator } from './stage/operator.ts';
import type { Stage } from './stage/stage.ts';
import { readRows } from './stage/truth.ts';

export interface RoundOptions {
  readonly stage: Stage;
  readonly operator: Operator;
  readonly schedule: Schedule;
  readonly deployment: RunEntry['deployment'];
  readonly random: Random;
  readonly now: () => number;
  readonly record: HistoryWriter['add'];
  readonly tell: (line: string) => void;
  /** How long there is load at least, if the schedule ends before. @default 0 */
  readonly lastsMs?: number;
  /** @default 0 */
  readonly restMs?: number;
}

const CLIENTS_PER_REGION = 3;
const CAUGHT_UP_TIMEOUT_MS = 15_000;
const RECOVERY_TIMEOUT_MS = 30_000;
const RECOVERY_SPACING_MS = 250;
const LAST_READS_TIMEOUT_MS = 30_000;

/** Plays a schedule under load, repairs everything and reads the evidence: all of a history but its first line. */
export async function playRound(options: RoundOptions): Promise<void> {
  const { stage, operator, schedule, deployment, random, now, record, tell, lastsMs = 0, restMs = 0 } = options;
  const makeClient = (name: string, home: Region, index: number, plan?: Plan): Client =>
    createClient({
      name,
      home,
      random: random.fork(name),
      purse: index % 3 === 2 ? 'header' : 'cookies',
      temper: index % CLIENTS_PER_REGION === 1 ? 'dreamy' : 'busy',
      plan,
      carries: CARRIES[index % CARRIES.length] as OperationEntry['carries'],
      restMs,
      // The clients of a region that is cut off are cut off with it: no token of theirs tells a new process of a promotion.
      // And a process that starts in a pause gets writes at once: elsewhere every client waits for the end of the pause.
      roams: schedule.profile !== 'restarts' && schedule.profile !== 'pauses',
      strays: stage.strays,
      portOf: (region) => stage.ports[region],
      regionAt: stage.regionAt,
      now,
      record,
    });
  const clients = REGIONS.flatMap((home, at) =>
    Array.from({ length: CLIENTS_PER_REGION }, (_, place) =>
      makeClient(`${home}-${place}`, home, at * CLIENTS_PER_REGION + place),
    ),
  );
  // One in each region writes with keys; the last of them carries no token. They come after the others: those are the same without them.
  const keepers = REGIONS.map((home, at) => {
    const name = `${home}-keys`;
    return makeClient(name, home, CLIENTS_PER_REGION + at, createLedgerPlan(name, random.fork(name)));
  });
  clients.push(...keepers);
  const judge = makeClient('judge', REGIONS[0], 0);
  const driver = createDriver({ operator, primary: stage.lab.primary.name, schedule, now, record, tell });

  const lives = clients.map((client) => client.run());
  await Promise.all([driver.play(), pause(lastsMs)]);
  await driver.repair();
  for (const client of clients) client.stop();
  await Promise.all(lives);
  await stage.lab.caughtUp({ timeoutMs: CAUGHT_UP_TIMEOUT_MS }).catch((error: unknown) => tell(String(error)));

  await seeRecovery(judge, { now, rejects: deployment.writes === 'reject' });
  await readEverything(clients, now);
  for (const client of [...clients, judge]) client.close();
  const { primary } = stage.lab;
  for (const row of await readRows(primary, true)) record(row);
  record({ type: 'end', atMs: now(), primary: primary.name, timeline: operator.timeline });
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
