import type { StandardSchema } from '@regionkit/core';

/** Which version of a value is asked for. A database may want the pending one before it is current: see rotation. */
export type Stage = 'current' | 'pending' | 'previous';

/** What a source is asked. */
export interface LoadRequest {
  /** The region to ask: the process's own first, then each of `fallbackRegions`. */
  readonly region: string;
  /** Aborted when the deadline has passed, the config is closed, or nobody waits any more. */
  readonly signal: AbortSignal;
  /** Always `current` for a source that has no `stages`. */
  readonly stage: Stage;
  /** What the sources of one config share: clients, batches. */
  readonly scope: Scope;
}

/** What a source answers. */
export interface Loaded<T = unknown> {
  readonly value: T;
  /** Names the version, in every region alike. Not secret: it goes to events and logs. */
  readonly version?: string;
  /** When that version was made, in milliseconds since the epoch: tells a newer version from an older replica's. */
  readonly createdAt?: number;
  /** Where it came from, if not from the place one would think: shown in `status()`. */
  readonly endpoint?: string;
}

/**
 * Where a value comes from: one function, and a few words about it. Anything that can be read over the network or from
 * a disk fits; the README shows GCP Secret Manager and HashiCorp Vault.
 *
 * `load` may be called again at any time, for one region after another, never twice at once for the same key and stage.
 * What it throws is classified by {@link SourceError}, an HTTP `status`, or an error `code` of Node; the text of an
 * error is dropped, since it may quote the value.
 */
export interface Source<T = unknown, Optional extends boolean = boolean> {
  load(request: LoadRequest): Loaded | Promise<Loaded>;
  /** What kind of source it is, for messages and `status()`. @default 'custom' */
  readonly kind?: string;
  /** Checks and shapes the value; any Standard Schema. @default the value as loaded */
  readonly schema?: StandardSchema<unknown, T> | undefined;
  /** Whether the app can start without it; `get` then returns undefined. @default false */
  readonly optional?: Optional | undefined;
  /** How often it is refreshed, in milliseconds; `Infinity` for never. @default refresh.everyMs */
  readonly everyMs?: number | undefined;
  /** The regions to ask, in order; none for a source that knows no regions. @default the own region, then fallbackRegions */
  readonly regions?: readonly string[] | undefined;
  /** The stages it has besides `current`. @default [] */
  readonly stages?: readonly Exclude<Stage, 'current'>[];
}

/** Things the sources of one config share, made once, closed with it. */
export interface Scope {
  /** What `create` made for this `key` at the first call. `close` is called when the config closes. */
  use<T>(key: unknown, create: () => T, close?: (made: T) => void): T;
}

/** A scope and the way to close it. */
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
          // What one thing throws on closing must not keep the others open.
        }
      }
      made.clear();
    },
  };
}
