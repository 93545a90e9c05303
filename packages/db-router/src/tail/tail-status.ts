import type { TailDrop, TailWait } from './decide-tick.ts';

/** What a keeper did last, as this process knows it. */
export interface TailStatus {
  /**
   * `idle`: this process may not write now, so it looks at no server. `keeping`: the slot is there, and this process or another one moves it.
   * `waiting`: it is not moved. `dropped`: it was dropped, and there is none. `failed`: a tick failed.
   */
  readonly state: 'idle' | 'keeping' | 'waiting' | 'dropped' | 'failed';
  readonly why?: TailWait | TailDrop | (string & {});
  readonly timeline?: number;
  /** The WAL that the slot holds. */
  readonly heldBytes?: number;
  /** The named standbys that do not stream. */
  readonly missing?: readonly string[];
}

/** What `health.check()` takes. It never fails: a region without a tail serves as well as before. */
export interface TailHealth {
  readonly status: 'pass' | 'warn';
  readonly message: string;
  readonly observed?: number;
  readonly unit?: string;
}

const MESSAGES: Readonly<Record<TailStatus['state'], string>> = {
  idle: 'this process does not write now',
  keeping: 'lost writes would be found',
  waiting: 'the slot of the tail is not moved',
  dropped: 'the slot of the tail was dropped: lost writes would not be found by it',
  failed: 'the tail is not kept',
};

/** Pure. */
export function healthOf({ state, why, heldBytes }: TailStatus): TailHealth {
  return {
    status: state === 'idle' || state === 'keeping' ? 'pass' : 'warn',
    message: why === undefined ? MESSAGES[state] : `${MESSAGES[state]} (${why})`,
    ...(heldBytes !== undefined && { observed: heldBytes, unit: 'B' }),
  };
}
