import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillEnd, DrillStart, Emit } from '../../records/record.ts';
import { type Conducted, conduct, type Limits } from '../conduct.ts';
import { drillEnd } from '../drill-end.ts';
import type { Tracker } from '../drill-status.ts';
import { startLoad } from '../load/load.ts';
import { createSend } from '../load/send.ts';
import type { Random } from '../random.ts';
import type { Scenario } from '../scenario.ts';
import type { MakeDrillApp } from './drill-app.ts';
import { allFollow } from './knowledge.ts';
import type { Modules } from './modules.ts';
import { REGIONS, type RegionName } from './names.ts';
import type { Addresses } from './served.ts';
import { createStage, type Stage } from './stage.ts';

/** A busy machine needs minutes until everything is good once. A drill waits for that, and does not fail for want of it. */
export const LOCAL_LIMITS: Limits = {
  beforeMs: 300_000,
  tellMs: 10_000,
  withinMs: 90_000,
  stableMs: 2_000,
  pollMs: 20,
};

/** Each second, from each of three places. */
const LOCAL_RATE = { writesPerSecond: 4, readsPerSecond: 8 } as const;

const READY_MS = 300_000;
/** How long the operator of a drill needs to decide, at least. */
const DECIDE_MS = 200;

export interface LocalDrill {
  readonly modules: Modules;
  readonly scenario: Scenario;
  readonly start: DrillStart;
  readonly random: Random;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly tracker: Tracker;
  /** What a test replaces. */
  readonly make?: MakeDrillApp | undefined;
  readonly limits?: Limits;
  readonly rate?: { readonly writesPerSecond: number; readonly readsPerSecond: number };
  readonly addresses: Addresses;
  /** Awaited at the end, before the regions are closed. */
  readonly beforeClose?: () => Promise<void>;
}

/** Plays one scenario on three regions of its own, from their start to their end. */
export async function playLocal(drill: LocalDrill): Promise<DrillEnd> {
  const { modules, scenario, start, random, emit, signal, tracker, make } = drill;
  tracker.begin(start, scenario.phases);
  const stage = await createStage(modules, {
    addresses: drill.addresses,
    random,
    dnsSlackMs: scenario.dnsSlackMs ?? 0,
    twin: scenario.twin ?? false,
    status: () => tracker.status() ?? {},
    ...(make !== undefined && { make }),
    tell: (text) => emit({ type: 'progress', text }),
  });
  try {
    signal.throwIfAborted();
    await ready(stage, signal);
    await scenario.prepare?.(stage);
    const conducted = await conductOn(stage, drill);
    const end = drillEnd({
      start,
      conducted,
      mayLose: scenario.mayLose,
      atMs: Date.now(),
    });
    tracker.end(end);
    emit(end);
    await drill.beforeClose?.();
    return end;
  } finally {
    await stage.close();
  }
}

/** A process that has just started accepts a first primary only when the other regions can be asked. */
async function ready(stage: Stage, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + READY_MS;
  while (!allFollow(stage, REGIONS[0], 1) && performance.now() < deadlineMs) await sleep(20, undefined, { signal });
}

async function conductOn(stage: Stage, drill: LocalDrill): Promise<Conducted> {
  const { scenario, start, random, emit, signal, tracker, rate = LOCAL_RATE, limits = LOCAL_LIMITS } = drill;
  const requests = new AbortController();
  const end = (): void => requests.abort();
  signal.addEventListener('abort', end, { once: true });
  const load = startLoad({
    places: REGIONS,
    ...rate,
    random,
    send: createSend({
      urlOf: (place) => `${stage.urlFor(place as RegionName)}/drill`,
      ca: undefined,
      signal: requests.signal,
    }),
  });
  const conducted = conduct({
    drill: start.id,
    phases: scenario.phases,
    places: REGIONS,
    load,
    // What is not good yet may still reach the objective.
    limits: { ...limits, withinMs: Math.max(limits.withinMs, start.objectiveMs) },
    emit,
    signal,
    tracker,
    rows: () => rowsOf(stage),
    play: async ({ inject, step, rule, until, mark, writesAgain, pause }) => {
      // Not always at the same distance from a probe or a poll.
      await pause(random() * 1_000);
      await scenario.play({
        stage,
        inject,
        step: (where, says, act) => step('do', where, says, act),
        rule,
        until,
        noticed: async (says, look) => {
          await until(says, look);
          mark('detect');
          emit({ type: 'step', name: 'notice', where: 'fleet', state: 'done', evidence: says });
        },
        promote: async (to) => {
          await pause(DECIDE_MS * (1 + random()));
          await step('promote', to, 'it is promoted; the other standbys follow it', () => stage.lab.failover({ to }));
          mark('promote');
        },
        writesAgain,
        pause: (ms) => pause(ms * (1 + random())),
      });
    },
  });
  return conducted.finally(() => signal.removeEventListener('abort', end));
}

/** Read without any network fault. Undefined: the server of the primary does not run. */
async function rowsOf({ lab }: Stage): Promise<ReadonlyMap<string, number> | undefined> {
  if (lab.primary.status !== 'up') return undefined;
  const rows = await lab.primary.query<{ id: string; count: number }>(
    'SELECT id, count(*)::int AS count FROM drill GROUP BY id',
  );
  return new Map(rows.map(({ id, count }) => [id, count]));
}
