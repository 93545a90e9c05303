import { type Clock, check, keptAlive, systemClock } from '@regionkit/core/kit';
import type { ConfigRef } from '../config.ts';

/** A user and its password. They change together, because an alternating rotation also changes the user. */
export interface Pair {
  /** @default the user in the driver's configuration */
  readonly user?: string;
  readonly password: string;
}

export interface RotationOptions<T> {
  /** Returns the pair of a value. @default { user: value.username, password: value.password } */
  readonly pair?: (value: T) => Pair;
  /**
   * The SQLSTATEs by which the database refuses a pair
   * (https://www.postgresql.org/docs/current/errcodes-appendix.html). @default ['28P01', '28000']
   */
  readonly codes?: readonly string[];
  /** How many pairs one connection tries. @default 5 */
  readonly maxAttempts?: number;
  /** How long one connection may search for an accepted pair, in milliseconds. @default 10_000 */
  readonly budgetMs?: number;
  /** @default the real clock */
  readonly clock?: Clock;
}

/** Chooses the pair for each connection. All connections share what is learned. */
export interface Credentials {
  /**
   * The pair to try first: the current one, or the one that the database accepted last after it had refused the current
   * one.
   */
  first(): Pair;
  /**
   * Returns a pair that is not among the `refused` ones, as soon as there is one. Undefined if there is none until
   * `deadlineMs` on the clock.
   */
  next(refused: readonly Pair[], deadlineMs: number): Promise<Pair | undefined>;
  /** Records that the database accepted the pair. */
  accepted(pair: Pair): void;
  /** Whether an error means that the pair was refused. */
  isRefusal(error: unknown): boolean;
  readonly maxAttempts: number;
  readonly budgetMs: number;
  readonly clock: Clock;
}

/** How long another pair than the current one is tried first, and how long an answer about a stage is valid. */
const PREFERRED_MS = 30_000;
const STAGE_MS = 1_000;
/** Pause before all sources are asked again. A change may be on its way to this region. */
const PAUSE_MS = 500;

/**
 * A rotation first sets the new password in the database and then makes it current. Between these two steps the
 * database wants the pending pair. While the replica of the secret or of the database lags, the database may want the
 * newest pair of another region, or the previous one. The pairs are tried in this order: the current one, the newest,
 * the pending, the previous, and only after the database has refused one.
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
  const preferredPair = (): Pair | undefined => (preferred?.version === ref.version ? preferred?.pair : undefined);
  /**
   * All connections that ask at about the same time share one read. It is forgotten soon, because it contains a
   * password.
   */
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
  const isCurrent = (acceptedPair: Pair): boolean => {
    try {
      return isSame(acceptedPair, current());
    } catch {
      return false; // The value has expired.
    }
  };
  const sources: readonly (() => Pair | undefined | Promise<Pair | undefined>)[] = [
    preferredPair,
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
    first: () => preferredPair() ?? current(),
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
    accepted: (acceptedPair) => {
      const known = preferredPair();
      if (known !== undefined && isSame(acceptedPair, known)) return;
      preferred = undefined;
      if (isCurrent(acceptedPair)) return;
      const own = { pair: acceptedPair, version: ref.version };
      preferred = own;
      clock.schedule(() => {
        if (preferred === own) preferred = undefined;
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
