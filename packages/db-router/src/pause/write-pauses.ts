import { randomBytes } from 'node:crypto';
import type { RegionState, WritePause } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';
import { PauseRefusedError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { HoldQueue } from '../routing/hold.ts';
import type { Topology } from '../topology/topology.ts';
import { endPause, hearPause, MAX_PAUSE_MS, NO_PAUSE, type PauseState, type PauseWorld, pauseEnd } from './pause.ts';
import type { UnderWay } from './under-way.ts';

/** Holds new writes while a pause lasts, and says so to the other processes. */
export interface WritePauses {
  /** New writes are held now. */
  readonly isOn: boolean;
  /** For how long they are still held, in milliseconds. */
  readonly leftMs: number;
  /** Waits until there is no pause. @throws if it was not held to the end; nothing was sent */
  wait(signal: AbortSignal | undefined): Promise<void>;
  /** What this process says to the others. Undefined: it has nothing to say. */
  report(): WritePause | undefined;
  /** Begins a pause here. @throws {PauseRefusedError} This process cannot order one now. */
  order(forMs: number): void;
  /** Ends the pause that is on. Returns whether there was one. */
  resume(): boolean;
  /** Takes what a region says, this one included. */
  learn(state: RegionState): void;
  /** To be called after each change of the topology, before held writes go on. */
  update(): void;
  close(): void;
}

export interface WritePausesOptions {
  readonly self: string;
  readonly clock: Clock;
  readonly topology: () => Topology;
  readonly underWay: UnderWay;
  readonly hold: HoldQueue;
  readonly emit: Emit;
}

/** A held write is released by the end of the pause, and only without it by its own timer. */
const SPARE_MS = 1_000;

export function createWritePauses({ self, clock, topology, underWay, hold, emit }: WritePausesOptions): WritePauses {
  let state: PauseState = NO_PAUSE;
  /** What each region said last. It counts as soon as its primary is known here. */
  const told = new Map<string, RegionState>();
  let cancel = (): void => {};

  const world = (): PauseWorld => {
    const { primary, highest } = topology();
    return { primary, highest, atMs: clock.now() };
  };
  const take = (next: PauseState): void => {
    const { current: before } = state;
    state = next;
    if (before === next.current) return;
    cancel();
    if (next.current !== undefined) {
      const { id, region, untilMs } = next.current;
      const forMs = Math.max(0, untilMs - clock.now());
      // A timer may fire a moment before the clock shows its time: it ends the pause itself.
      cancel = clock.schedule(() => take(endPause(state, 'expired', clock.now())), forMs);
      emit('writes-paused', { id, region, forMs });
      return;
    }
    const [last] = next.ended;
    if (before !== undefined && last !== undefined) {
      emit('writes-resumed', { id: last.id, by: last.by, pausedMs: last.atMs - before.sinceMs });
    }
    hold.release();
  };
  const hearRegion = ({ name, pauses = [], siblings = [] }: RegionState): void => {
    const of = name === self ? siblings.map(({ database, ...rest }) => ({ ...rest, pause: database.pause })) : pauses;
    for (const { pause, observedAtMs } of of) {
      if (pause !== undefined) take(hearPause(state, { region: name, pause, observedAtMs }, world()));
    }
  };
  const update = (): void => {
    const by = pauseEnd(state, world());
    if (by !== undefined) take(endPause(state, by, clock.now()));
    for (const region of told.values()) hearRegion(region);
  };
  const leftMs = (): number => Math.max(0, (state.current?.untilMs ?? 0) - clock.now());

  return {
    get isOn() {
      return state.current !== undefined;
    },
    get leftMs() {
      return leftMs();
    },
    wait: async (signal) => {
      while (state.current !== undefined) {
        await hold.wait(() => 'paused', state.current.untilMs + SPARE_MS, signal);
      }
    },
    report: () => {
      const { current, ended } = state;
      const [last] = ended;
      if (current !== undefined) {
        return { id: current.id, epoch: current.epoch, leftMs: Math.round(leftMs()), underWay: underWay.count };
      }
      // Until no process can still obey it. The other ends are noticed by each process itself.
      if (last?.by !== 'resumed' || clock.now() - last.atMs > MAX_PAUSE_MS) return undefined;
      return { id: last.id, epoch: last.epoch, leftMs: 0, underWay: underWay.count };
    },
    order: (forMs) => {
      update();
      const now = world();
      const { primary, atMs } = now;
      if (state.current !== undefined) throw new PauseRefusedError('already-paused');
      if (atMs < state.restUntilMs) throw new PauseRefusedError('too-soon', { retryAfterMs: state.restUntilMs - atMs });
      if (primary === undefined) throw new PauseRefusedError('no-primary');
      if (primary.region !== self) throw new PauseRefusedError('not-primary-region', { region: primary.region });
      const pause = { id: randomBytes(16).toString('base64url'), epoch: primary.epoch, leftMs: forMs };
      // One look at the clock: a process that stalls in between must not find its own pause over, and no reason for it.
      take(hearPause(state, { region: self, pause, observedAtMs: atMs }, now));
      if (state.current === undefined) throw new PauseRefusedError('no-primary');
    },
    resume: () => {
      const wasOn = state.current !== undefined;
      take(endPause(state, 'resumed', clock.now()));
      return wasOn;
    },
    learn: (region) => {
      if (region.pauses !== undefined || region.siblings !== undefined) told.set(region.name, region);
      else told.delete(region.name);
      hearRegion(region);
    },
    update,
    close: () => {
      cancel();
      hold.close();
    },
  };
}
