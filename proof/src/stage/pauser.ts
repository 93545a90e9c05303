import { setTimeout as sleep } from 'node:timers/promises';
import type { PauseEntry, RestartNote } from '../history/entries.ts';
import { perRegion, REGIONS, type Region } from '../regions.ts';
import type { Restart } from '../schedule/fault.ts';
import type { AppProcess } from './app-process.ts';

/** Pauses the writes of all regions, and restarts processes of the app around that. */
export interface Pauser {
  /** A pause that `switchOver` ends. */
  pauseBefore<T>(switchOver: () => Promise<T>, order: PauseOrder): Promise<T>;
  /** A pause that an operator ends, or that ends by itself. Resolves when the writes should be back. */
  pauseAlone(order: PauseOrder, isResumed: boolean): Promise<void>;
}

export interface PauseOrder {
  /** The region of the primary, and the timeline that it writes. */
  readonly region: Region;
  readonly timeline: number;
  readonly fault: Partial<Restart>;
}

export interface PauserOptions {
  readonly processes: Readonly<Record<Region, readonly AppProcess[]>>;
  readonly onPause: (pause: PauseEntry, how: string) => void;
  readonly now: () => number;
}

/** Long enough for a switchover, or the start of a process, on a busy machine. Clients have a little more patience. */
const LONG_MS = 11_000;
/** One that ends by itself. */
const SHORT_MS = 8_000;
/** A process that has started in a pause has this long to write in it by mistake. */
const TEMPTED_MS = 1_500;
/** After the end of a pause nothing else happens for so long: whether the writes come back can be seen. */
const AFTERWARDS_MS = 2_000;

interface Target {
  readonly app: AppProcess;
  readonly region: Region;
  readonly process: number;
}

/** A pause that was ordered. */
interface Ordered {
  readonly isOn: boolean;
  readonly entry: PauseEntry;
  readonly how: string;
}

export function createPauser({ processes, onPause, now }: PauserOptions): Pauser {
  const targetsIn = (region: Region): readonly Target[] =>
    processes[region].map((app, process) => ({ app, region, process }));
  const targetsOf = ({ restart, in: region = REGIONS[0] }: PauseOrder['fault']): readonly Target[] => {
    if (restart === undefined) return [];
    if (restart === 'fleet') return REGIONS.flatMap(targetsIn);
    return restart === 'region' ? targetsIn(region) : targetsIn(region).slice(-1);
  };
  const restartAll = (targets: readonly Target[]): Promise<readonly RestartNote[]> =>
    Promise.all(
      targets.map(async ({ app, region, process }) => {
        const killedMs = now();
        await app.kill();
        await app.start();
        return { region, process, killedMs, listeningMs: now() };
      }),
    );

  /** A process of the region that is not restarted: it knows of the pause until it ends, and can end it. */
  const survivorOf = ({ region, fault }: PauseOrder): AppProcess | undefined => {
    const targets = targetsOf(fault);
    return processes[region].find((app) => targets.every((target) => target.app !== app));
  };
  /** Orders the pause, in a process that is not restarted if there is one, and restarts what the fault names. */
  const order = async (given: PauseOrder, forMs: number): Promise<Ordered> => {
    const { region, timeline, fault } = given;
    const targets = targetsOf(fault);
    const startMs = now();
    const orderer = survivorOf(given);
    // Without a process that orders it, the pause comes first.
    const early = fault.early === true && orderer !== undefined ? restartAll(targets) : undefined;
    // A rejection is handled below.
    early?.catch(() => {});
    const asked = orderer ?? (processes[region][0] as AppProcess);
    const orderedMs = now();
    const counts = perRegion((name) => processes[name].length);
    const { drained, leftMs, why } = await asked.pauseWrites(forMs, counts);
    const drainedMs = now();
    const isOn = leftMs > 0;
    // A pause that was refused is none, and needs no restart.
    const restarted = await (early ?? restartAll(isOn ? targets : []));
    if (isOn && restarted.length > 0) await sleep(TEMPTED_MS);
    const entry: PauseEntry = {
      type: 'pause',
      region,
      timeline,
      startMs,
      ...(drained && { drainedMs }),
      untilMs: isOn ? orderedMs + forMs : startMs,
      restarted,
    };
    return { isOn, entry, how: drained ? 'drained' : `not drained: ${why}` };
  };
  const resume = async (region: Region): Promise<boolean> => {
    for (const app of processes[region]) if (await app.resumeWrites()) return true;
    return false;
  };

  return {
    pauseBefore: async (switchOver, asked) => {
      const { isOn, entry, how } = await order(asked, LONG_MS);
      let isEnded = false;
      try {
        const made = await switchOver();
        isEnded = true;
        return made;
      } catch (error) {
        isEnded = isOn && (await resume(asked.region));
        throw error;
      } finally {
        onPause({ ...entry, ...(isEnded && { endedMs: now() }) }, how);
      }
    },
    pauseAlone: async (asked, isResumed) => {
      const { isOn, entry, how } = await order(
        asked,
        isResumed && survivorOf(asked) !== undefined ? LONG_MS : SHORT_MS,
      );
      const endedMs = isOn && isResumed && (await resume(asked.region)) ? now() : undefined;
      onPause({ ...entry, ...(endedMs !== undefined && { endedMs }) }, how);
      if (isOn) await sleep(Math.max(0, (endedMs ?? entry.untilMs) - now()) + AFTERWARDS_MS);
    },
  };
}
