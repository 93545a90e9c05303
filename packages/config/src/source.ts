import type { StandardSchema } from '@regionkit/core';

/** The version of a value to read. A database may want the pending one before it is current: see rotation. */
export type Stage = 'current' | 'pending' | 'previous';

/** The argument of `load`. */
export interface LoadRequest {
  /** The region to ask: the process's own first, then each of `fallbackRegions`. */
  readonly region: string;
  /** Aborted when the deadline has passed, the config is closed, or no caller waits any more. */
  readonly signal: AbortSignal;
  /** Always `current` for a source without `stages`. */
  readonly stage: Stage;
  /** What the sources of one config share: clients, batches. */
  readonly scope: Scope;
}

/** The result of `load`. */
export interface Loaded<T = unknown> {
  readonly value: T;
  /** The name of the version, the same in every region. It is not secret: it appears in events and logs. */
  readonly version?: string;
  /**
   * Time of creation of that version, in milliseconds since 1970. It tells a newer version from an older one of a
   * replica.
   */
  readonly createdAt?: number;
  /** The endpoint that answered, if it is not the usual one. Shown in `status()`. */
  readonly endpoint?: string;
}

/**
 * Where a value comes from: one function and a few properties. Everything that can be read over a network or from a
 * disk fits. `@regionkit/config/stores` has HashiCorp Vault, Google Cloud and Kubernetes.
 *
 * `load` may be called at any time, for one region after another. It never runs twice at once for the same key and
 * stage. Its errors are classified by {@link SourceError}, by an HTTP `status`, or by an error `code` of Node. The text
 * of an error is dropped, because it may contain the value.
 */
export interface Source<T = unknown, Optional extends boolean = boolean> {
  load(request: LoadRequest): Loaded | Promise<Loaded>;
  /** The kind of source, for messages and `status()`. @default 'custom' */
  readonly kind?: string;
  /** Checks and transforms the value; any Standard Schema. @default no change */
  readonly schema?: StandardSchema<unknown, T> | undefined;
  /** Whether the app can start without it. `get` then returns undefined. @default false */
  readonly optional?: Optional | undefined;
  /** Time between two refreshes, in milliseconds; `Infinity`: never. @default refresh.everyMs */
  readonly everyMs?: number | undefined;
  /** The regions to ask, in order. Empty for a source without regions. @default the own region, then fallbackRegions */
  readonly regions?: readonly string[] | undefined;
  /** The stages that it has besides `current`. @default [] */
  readonly stages?: readonly Exclude<Stage, 'current'>[];
  /**
   * Calls `onChange` when the value may have changed: it is refreshed then, as by `config.refresh()`. Returns what ends
   * the watch. It only makes a change known earlier, so it may fail silently. @default none
   */
  watch?(onChange: () => void): () => void;
}

/** Objects that the sources of one config share. They are created once, and closed with the config. */
export interface Scope {
  /** Returns what `create` made for this `key` at the first call. `close` is called when the config closes. */
  use<T>(key: unknown, create: () => T, close?: (made: T) => void): T;
}

/** A scope with a method to close it. */
export function createScope(): Scope & { close(): void } {
  const made = new Map<unknown, { readonly thing: unknown; readonly close: (() => void) | undefined }>();
  return {
    use: <T>(key: unknown, create: () => T, close?: (made: T) => void): T => {
      const known = made.get(key);
      if (known !== undefined) return known.thing as T;
      const thing = create();
      made.set(key, { thing, close: close && (() => close(thing)) });
      return thing;
    },
    close: () => {
      for (const { close } of made.values()) {
        try {
          close?.();
        } catch {
          // An error on closing one object must not keep the others open.
        }
      }
      made.clear();
    },
  };
}
