import { setTimeout as pause } from 'node:timers/promises';
import type { FaultEntry } from './history/entries.ts';
import { createRandom } from './random.ts';
import { othersThan, type Region } from './regions.ts';
import { choices } from './schedule/choices.ts';
import { describe, type Fault } from './schedule/fault.ts';
import type { Schedule } from './schedule/schedule.ts';
import { after, beginning, canTakeOver, isTouched, primaryIsLost, recovery, type World } from './schedule/world.ts';
import type { Operator } from './stage/operator.ts';

/** Plays a schedule on a stage, and notes what really came of it. */
export interface Driver {
  /** Every fault at its time, or as soon after as the one before has ended. */
  play(): Promise<void>;
  /** Brings everything back. */
  repair(): Promise<void>;
}

export interface DriverOptions {
  readonly operator: Operator;
  /** Of now. */
  readonly primary: Region;
  readonly schedule: Schedule;
  readonly now: () => number;
  readonly record: (entry: FaultEntry) => void;
  readonly tell: (line: string) => void;
}

/** A fault that is late must not fall on top of the next one. */
const SPACING_MS = 300;
/** How long a standby may take to follow a new primary before an operator rebuilds it. */
const FOLLOW_MS = 5_000;
/** How long a primary may be out of reach, without another that takes over, before an operator brings it back. */
const PATIENCE_MS = 20_000;

export function createDriver({ operator, primary, schedule, now, record, tell }: DriverOptions): Driver {
  const beganMs = now();
  let world: World = beginning(primary);
  let promotedMs = 0;
  let lostMs: number | undefined;

  const perform = async (fault: Fault): Promise<void> => {
    const startMs = now();
    try {
      const promotions = await operator.perform(fault);
      world = after(world, fault);
      record({
        type: 'fault',
        fault,
        startMs,
        endMs: now(),
        result: 'done',
        ...(promotions.length > 0 && { promotions }),
      });
      const made = promotions.map(({ timeline, fork }) => `, timeline ${timeline} from ${fork}`).join('');
      tell(`${seconds(startMs)}  ${describe(fault)}${made}`);
      if (promotions.length > 0) promotedMs = now();
    } catch (error) {
      refuse(fault, startMs, (error as Error).message.split('\n')[0] as string);
    }
    lostMs = primaryIsLost(world) ? (lostMs ?? now()) : undefined;
  };
  const refuse = (fault: Fault, startMs: number, why: string): void => {
    record({ type: 'fault', fault, startMs, endMs: now(), result: 'refused', why });
    tell(`${seconds(startMs)}  ${describe(fault)}: not done, ${why}`);
  };

  /** The operator promotes the one that can follow on; which it is depends on what the standbys really have. */
  const settled = (fault: Fault): Fault => {
    if (fault.kind !== 'failover' || operator.hasFollowed(fault.to)) return fault;
    const other = othersThan(world.primary).find((to) => canTakeOver(world, to) && operator.hasFollowed(to));
    return other === undefined ? fault : { kind: 'failover', to: other };
  };

  const housekeep = async (): Promise<void> => {
    await operator.look();
    if (lostMs !== undefined && now() - lostMs > PATIENCE_MS) {
      const repair = recovery(world).find((fault) => 'region' in fault && fault.region === world.primary);
      if (repair !== undefined) await perform(repair);
    }
    if (primaryIsLost(world) || isTouched(world, world.primary) || now() - promotedMs < FOLLOW_MS) return;
    for (const region of othersThan(world.primary)) {
      const { role, status, replay } = world.nodes[region];
      const shouldFollow = role === 'standby' && status === 'up' && replay === 'normal' && !isTouched(world, region);
      if (shouldFollow && !operator.hasFollowed(region)) await perform({ kind: 'rejoin', region });
    }
  };

  return {
    play: async () => {
      for (const { atMs, fault: planned } of schedule.faults) {
        await pause(Math.max(SPACING_MS, beganMs + atMs - now()));
        await housekeep();
        const fault = settled(planned);
        if (isPossible(world, fault, schedule)) await perform(fault);
        else refuse(fault, now(), 'the world is another by now');
      }
      await pause(2_000);
    },
    repair: async () => {
      tell(`${seconds(now())}  everything is repaired`);
      for (const fault of recovery(world)) await perform(fault);
      // A server may also have given up by itself, which the schedule cannot know.
      for (const region of othersThan(world.primary))
        if (!operator.runs(region)) await perform({ kind: 'rejoin', region });
      const until = now() + FOLLOW_MS;
      do {
        await pause(SPACING_MS);
        await operator.look();
      } while (now() < until && !othersThan(world.primary).every(operator.hasFollowed));
      promotedMs = 0;
      await housekeep();
    },
  };
}

/** Whether the schedule could have drawn it for this world. */
function isPossible(world: World, fault: Fault, { profile }: Schedule): boolean {
  const subject = (of: Fault): string =>
    'region' in of ? of.region : 'to' in of ? of.to : 'keep' in of ? of.keep : 'all';
  const isPaused = (of: Fault): boolean => 'paused' in of;
  return choices(world, profile, createRandom('any')).some(
    ([possible]) =>
      possible.kind === fault.kind && subject(possible) === subject(fault) && isPaused(possible) === isPaused(fault),
  );
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1).padStart(6)} s`;
