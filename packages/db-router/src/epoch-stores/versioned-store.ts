import type { EpochStore, EpochStoreFailure } from '../history/epoch-store.ts';
import { bounded, TIMED_OUT } from './bounded.ts';
import { EpochStoreError } from './epoch-store-error.ts';

/** A value, and what tells it from every other value that was at its place. */
export interface Versioned {
  readonly value: string;
  readonly version: string;
}

/** A place that replaces a value only if it is still the one that was read. */
export interface VersionedPlace {
  /** Undefined: nothing is there. */
  read(signal: AbortSignal): Promise<Versioned | undefined>;
  /**
   * Returns the version of what was written. Undefined: something else is there than `version`, or anything at all where
   * that is undefined; nothing was written.
   */
  write(value: string, version: string | undefined, signal: AbortSignal): Promise<string | undefined>;
  /** Why a call failed. Undefined: it cannot be told. */
  failureOf(error: unknown): EpochStoreFailure | undefined;
}

/** More than any router saves. */
const MAX_LENGTH = 65_536;
/** No value of a router. It is replaced like any other that a router cannot read. */
const TOO_LONG = 'too long';

/** A store that refuses to replace what it has not loaded. Its errors hold nothing from outside. */
export function versionedStore(name: string, timeoutMs: number, place: VersionedPlace): EpochStore {
  let last: Versioned | undefined;
  const run = <T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    bounded(timeoutMs, call).catch((error: unknown) => {
      if (error instanceof EpochStoreError) throw error;
      const reason = error === TIMED_OUT ? 'timeout' : (place.failureOf(error) ?? 'unavailable');
      throw new EpochStoreError(name, reason);
    });
  return {
    load: async () => {
      const found = await run((signal) => place.read(signal));
      last = found && { ...found, value: found.value.length > MAX_LENGTH ? TOO_LONG : found.value };
      return last?.value;
    },
    save: async (value, before) => {
      const known = before === undefined ? undefined : last;
      if (known?.value !== before) throw new EpochStoreError(name, 'conflict');
      const version = await run((signal) => place.write(value, known?.version, signal));
      if (version === undefined) throw new EpochStoreError(name, 'conflict');
      last = { value, version };
    },
  };
}
