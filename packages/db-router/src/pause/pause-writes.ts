import type { RegionState, RegionView } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { AbortedError } from '../errors.ts';
import { judgeRegion, judgeSiblings, type PauseWait } from './drain.ts';
import { MAX_PAUSE_MS } from './pause.ts';
import type { UnderWay } from './under-way.ts';
import type { WritePauses } from './write-pauses.ts';

/** Options of `pauseWrites()`. */
export interface PauseOptions<Name extends string = string> {
  /** The pause ends by itself after this time, in milliseconds: the drain and the switchover together. At most 60_000. @default 30_000 */
  readonly timeoutMs?: number;
  /** How long to wait until nothing is under way, in milliseconds. The pause goes on afterwards. @default a third of `timeoutMs` */
  readonly drainTimeoutMs?: number;
  /**
   * How many processes each region has. Each question to a balancer reaches one process. Without the number, the pause
   * does not wait for a process that no question has reached.
   */
  readonly processes?: { readonly [Region in Name]?: number };
  /** Ends the wait, but not the pause. */
  readonly signal?: AbortSignal;
}

/** How far a pause is, and how long it lasts. */
export interface PauseResult<Name extends string = string> {
  /** Every process that answered holds new writes and has none under way. */
  readonly drained: boolean;
  /** The requests, forwards, statements, transactions and leased clients that have not ended. Some count twice. */
  readonly underWay: number;
  /** How long the pause still lasts, in milliseconds: the time for the switchover. */
  readonly leftMs: number;
  /** What it still waits for. Empty if it is drained. */
  readonly waitingFor: readonly PauseWait<Name>[];
}

export type PauseWrites<Name extends string> = (options?: PauseOptions<Name>) => Promise<PauseResult<Name>>;

export interface PauseWritesParts<Name extends string> {
  readonly self: Name;
  readonly regions: readonly Name[];
  readonly view: RegionView<Name> | undefined;
  readonly pauses: WritePauses;
  readonly underWay: UnderWay;
  now(): number;
  /** Waits, without keeping the process alive. */
  sleep(delayMs: number): Promise<void>;
}

const LOOK_EVERY_MS = 25;

/** Orders a pause, and waits until nothing is under way in any process that answers. */
export function createPauseWrites<Name extends string>(parts: PauseWritesParts<Name>): PauseWrites<Name> {
  const { self, regions, view, pauses, underWay, now, sleep } = parts;
  const others = regions.filter((name) => name !== self);

  const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

  return async ({ timeoutMs = 30_000, drainTimeoutMs = Math.ceil(timeoutMs / 3), processes = {}, signal } = {}) => {
    check.integer('pauseWrites: timeoutMs', timeoutMs, { min: 1, max: MAX_PAUSE_MS });
    check.integer('pauseWrites: drainTimeoutMs', drainTimeoutMs, { max: timeoutMs });
    for (const [name, count] of Object.entries(processes)) {
      check.oneOf('pauseWrites: processes', name, regions);
      check.integer(`pauseWrites: processes.${name}`, count, { min: 1 });
    }
    if (isAborted(signal)) throw new AbortedError();
    const expected: { readonly [Region in Name]?: number } = processes;
    pauses.order(timeoutMs);
    const untilMs = now() + drainTimeoutMs;
    let quietSinceMs: number | undefined;

    const look = (): PauseResult<Name> => {
      const away = others.map((region) =>
        judgeRegion({ region, processes: answersOf(view?.get(region)), expected: expected[region] }),
      );
      const isQuiet = away.every(({ waitingFor }) => waitingFor.length === 0);
      quietSinceMs = isQuiet ? (quietSinceMs ?? now()) : undefined;
      const siblings = (view?.get(self)?.siblings ?? []).map(({ database, ...rest }) => ({
        ...rest,
        ...(database.pause !== undefined && { pause: database.pause }),
      }));
      const alone = (expected[self] ?? 1) - 1;
      const beside = judgeSiblings({ region: self, processes: siblings, expected: alone }, quietSinceMs);
      const all = [...away, beside];
      const own = underWay.count;
      const here = { region: self, why: pauses.isOn ? 'under-way' : 'not-paused', underWay: own } as const;
      const waitingFor = all.flatMap((region) => region.waitingFor);
      return {
        drained: waitingFor.length === 0 && own === 0 && pauses.isOn,
        underWay: all.reduce((sum, region) => sum + region.underWay, own),
        leftMs: Math.round(pauses.leftMs),
        waitingFor: own === 0 && pauses.isOn ? waitingFor : [here, ...waitingFor],
      };
    };

    for (;;) {
      const result = look();
      if (result.drained || !pauses.isOn || now() >= untilMs) return result;
      if (isAborted(signal)) throw new AbortedError();
      await sleep(LOOK_EVERY_MS);
    }
  };
}

/** Every process of a region that answered. A region whose answer names no pause does not know of one. */
function answersOf(state: RegionState | undefined): NonNullable<RegionState['pauses']> {
  if (state === undefined) return [];
  if (state.pauses !== undefined) return state.pauses;
  return state.identified && state.accept !== 'unknown' ? [{ process: '', observedAtMs: state.observedAtMs }] : [];
}
