import { type Clock, check, keptAlive, systemClock } from '@regionkit/core/kit';
import type { ConfigRef } from '../config.ts';

/** A user and its password: they change together, or an alternating rotation would mix them. */
export interface Pair {
  /** @default the user the driver was configured with */
  readonly user?: string;
  readonly password: string;
}

export interface RotationOptions<T> {
  /** The pair in a value. @default { user: value.username, password: value.password } */
  readonly pair?: (value: T) => Pair;
  /** The SQLSTATEs that mean the pair was refused. @default ['28P01', '28000'] */
  readonly codes?: readonly string[];
  /** How often one connection is tried, each time with another pair. @default 5 */
  readonly maxAttempts?: number;
  /** How long one connection may look for a pair that is accepted, in milliseconds. @default 10_000 */
  readonly budgetMs?: number;
  /** @default the real clock */
  readonly clock?: Clock;
}

/** Which pair to connect with, known together by all connections that share it. */
export interface Credentials {
  /** The pair to begin with: the current one, or the one the database took last while it wanted another. */
  first(): Pair;
  /**
   * A pair that is not among the `refused`, as soon as there is one; undefined if there is none until `deadlineMs` on
   * the clock.
   */
  next(refused: readonly Pair[], deadlineMs: number): Promise<Pair | undefined>;
  /** The database took it. */
  accepted(pair: Pair): void;
  /** Whether an error means that the pair was refused. */
  isRefusal(error: unknown): boolean;
  readonly maxAttempts: number;
  readonly budgetMs: number;
  readonly clock: Clock;
}

/** How long a pair that is not the current one is tried first, and how long an answer about a stage is good for. */
const PREFERRED_MS = 30_000;
const STAGE_MS = 1_000;
/** How long to wait before everything is asked again: a change may be on its way to this region. */
const PAUSE_MS = 500;

/**
 * Between the step of a rotation that sets the new password in the database and the one that makes it current, the
 * database wants the pending one; behind a lag, of a replica of the secret or of the database, it may want the newest
 * of another region, or the previous one. They are tried in that order, after the current one, and only when the
 * database has refused a pair.
 */
export function createCredentials<T>(option: string, ref: ConfigRef<T>, options: RotationOptions<T>): Credentials {
  check.object(`${option}: options`, options, ['pair', 'codes', 'maxAttempts', 'budgetMs', 'clock']);
  check.methods(`${option}: ref`, ref, ['refresh', 'at']);
  const { pair = usernameAndPassword, codes = ['28P01', '28000'] } = options;
  const clock = check.clock(`${option}: clock`, options.clock ?? systemClock);
  check.function(`${option}: pair`, pair);
  if (!Array.isArray(codes)) throw new TypeError(`${option}: codes must be a list of SQLSTATEs`);
  for (const code of codes) check.string(`${option}: codes`, code);
  const maxAttempts = check.integer(`${option}: maxAttempts`, options.maxAttempts ?? 5, { min: 1, max: 20 });
  const budgetMs = check.integer(`${option}: budgetMs`, options.budgetMs ?? 10_000, { min: 1 });
  const stages = new Map<string, Promise<T | undefined>>();
  let preferred: { readonly pair: Pair; readonly version: string | undefined } | undefined;

  const current = (): Pair => pair(ref.current);
  const standIn = (): Pair | undefined => (preferred?.version === ref.version ? preferred?.pair : undefined);
  /** One read for all connections that ask at about the same time; forgotten soon, as it is a password. */
  const stage = async (name: 'pending' | 'previous'): Promise<Pair | undefined> => {
    let read = stages.get(name);
    if (read === undefined) {
      read = ref.at(name);
      stages.set(name, read);
      clock.schedule(() => stages.delete(name), STAGE_MS);
    }
    const value = await read;
    return value === undefined ? undefined : pair(value);
  };
  const isCurrent = (taken: Pair): boolean => {
    try {
      return isSame(taken, current());
    } catch {
      return false; // The value has expired.
    }
  };
  const sources: readonly (() => Pair | undefined | Promise<Pair | undefined>)[] = [
    standIn,
    current,
    async () => {
      await ref.refresh({ reason: 'refused' });
      return current();
    },
    () => stage('pending'),
    () => stage('previous'),
  ];

  return {
    maxAttempts,
    budgetMs,
    clock,
    first: () => standIn() ?? current(),
    next: (refused, deadlineMs) =>
      keptAlive(async () => {
        for (;;) {
          for (const source of sources) {
            const found = await source();
            if (found !== undefined && !refused.some((one) => isSame(one, found))) return found;
          }
          if (clock.now() + PAUSE_MS >= deadlineMs) return undefined;
          await new Promise<void>((resolve) => clock.schedule(resolve, PAUSE_MS));
        }
      }),
    accepted: (taken) => {
      const known = standIn();
      if (known !== undefined && isSame(taken, known)) return;
      preferred = undefined;
      if (isCurrent(taken)) return;
      const mine = { pair: taken, version: ref.version };
      preferred = mine;
      clock.schedule(() => {
        if (preferred === mine) preferred = undefined;
      }, PREFERRED_MS);
    },
    isRefusal: (error) => codes.includes((error as { readonly code?: string } | undefined)?.code ?? ''),
  };
}

const isSame = (left: Pair, right: Pair): boolean => left.user === right.user && left.password === right.password;

function usernameAndPassword(value: unknown): Pair {
  const { username, password } = (value ?? {}) as { readonly username?: unknown; readonly password?: unknown };
  if (typeof password !== 'string') {
    throw new TypeError('rotation: the value has no password; name the pair with the option `pair`');
  }
  return typeof username === 'string' ? { user: username, password } : { password };
}
