import type { Epoch, Regions } from '@regionkit/core';

/** What happens to a write outside the primary's region. */
export type WritePolicy = 'forward' | 'remote-pool' | 'reject';

/** Where a write goes now. */
export interface PrimaryLocation<Name extends string = string> {
  readonly region: Name;
  readonly epoch: Epoch;
}

/** What an answer reports about the write of a token: it lies beyond the fork, or the fork is unknown. */
export type WriteNotice = 'write-lost-suspected' | 'write-fate-unknown';

/** The causality of one request: what it must see, and what it wrote. */
export interface RequestScope {
  /**
   * Whether its reads must go to the primary's region: no reachable node serves them, or none has what its tokens
   * require. Answers from memory; a promise while it waits for a standby that may soon have it.
   */
  needsPrimary(): boolean | Promise<boolean>;
  /**
   * The handler of a write begins. A pause of the writes waits until the returned function is called, and lets every write
   * of this scope pass until then.
   */
  admit?(): () => void;
  /** A write of this request was sent to the primary of `epoch`, and it is not known whether it was executed. */
  noteUnknown(epoch: Epoch): void;
  /** Runs `fn` with this scope as the current one, across every `await` in it. */
  run<T>(fn: () => T): T;
  /**
   * Closes the head of the answer, and returns the signed tokens to put on it, if any. A position that comes later is
   * reported as `token-late`.
   */
  closeHead(): { readonly written?: string; readonly seen?: string; readonly notice?: WriteNotice };
  /** The same tokens, while the head may still be refused. */
  issue(): ReturnType<RequestScope['closeHead']>;
  /** The head was accepted. */
  endHead(): void;
}

/** The signed tokens of one answer. */
export type Issued = ReturnType<RequestScope['closeHead']>;

/** How many tokens of a request a router verifies. With more of them, the primary serves its reads. */
export const MAX_TOKENS = 16;

/** What only the write gate calls of a router. */
export interface GateSeam<Name extends string = string> {
  /**
   * Opens the scope of one request. Pass the tokens as the client sent them. They are verified, and a bad token never
   * throws.
   */
  openScope(options: { readonly tokens: readonly string[]; readonly access: 'read' | 'write' }): RequestScope;
  /** Returns where a write would go now, from memory. Undefined if no primary is known, or it is not certain. */
  primaryNow(): PrimaryLocation<Name> | undefined;
  /**
   * The same, but waits while there is no primary, like a write of the router.
   *
   * @throws {NoPrimaryError} No primary came in time, or the queue is full. Nothing was sent.
   * @throws {AbortedError} `signal` was aborted. Nothing was sent.
   * @throws {RouterClosedError} The router was closed. Nothing was sent.
   */
  locatePrimary(options: {
    readonly signal: AbortSignal;
    /** A write that has not begun: it waits for the end of a pause, too. */
    readonly isNew?: boolean;
  }): Promise<PrimaryLocation<Name>>;
  /** Whether new writes are paused now. A router without pauses leaves it out. */
  isPaused?(): boolean;
  /** A write is forwarded. A pause waits until the returned function is called. */
  beginForward?(): () => void;
  /** Learns a higher epoch from outside. It fences lower epochs, but never confirms a primary. */
  learnEpoch(epoch: Epoch, from: 'hop' | 'token', region?: string): void;
  /** Returns the highest epoch that this process knows. */
  highest(): Epoch | undefined;
  /** An answer from outside contradicts the known state (a 421). Probes the primary again now. */
  recheckPrimary(): void;
  /**
   * A forward found no answer in the primary's region. The nodes are probed often for a moment: one of them may be
   * promoted. Optional.
   */
  notePrimaryUnreached?(): void;
  /** Reports a mistake of the app, once for each code, in the same way as the router's own warnings. Optional. */
  notice?(code: `REGIONKIT_${string}`, message: string): void;
  /** A write gate was created for this router. It forwards the writes that are refused here. Optional. */
  noteGate?(): void;
  /**
   * Passes the fingerprints of the gate's secret to the router, so that health can compare them between regions.
   * Optional.
   */
  shareSecret?(use: 'forward', fingerprints: (peer: string) => readonly string[]): void;
}

/** The router of a write gate. With this interface each can be tested without the other. */
export interface GateRouter<Name extends string = string> {
  /** The region of this process. */
  readonly self: Name;
  /** The map of regions from `defineRegions()`. */
  readonly regions: Regions<Name>;
  /** What happens to a write outside the primary's region. */
  readonly writes: WritePolicy;
  /** For `createWriteGate`. An app does not call it. */
  readonly gate: GateSeam<Name>;
}
