import type { Epoch } from '@regionkit/core';

/** What happens to a write outside the primary's region. */
export type WritePolicy = 'forward' | 'remote-pool' | 'reject';

/** Where a write goes now. */
export interface PrimaryLocation<Name extends string = string> {
  readonly region: Name;
  readonly epoch: Epoch;
}

/** What an answer must say of a write its token stands for: it is beyond the fork, or nobody can know where that is. */
export type WriteNotice = 'write-lost-suspected' | 'write-fate-unknown';

/** One request's causality: what it must see, and what it wrote. */
export interface RequestScope {
  /**
   * Whether its reads belong where the primary is: no node this process reaches serves them, or has what its tokens ask
   * for. From memory; a promise while a standby that may have it in a moment is waited for.
   */
  needsPrimary(): boolean | Promise<boolean>;
  /** A write of this request was sent where `epoch` is written, and nobody can tell whether it was done. */
  noteUnknown(epoch: Epoch): void;
  /** Runs `fn` with this scope as the current one, across every `await` in it. */
  run<T>(fn: () => T): T;
  /**
   * Closes the head: the signed tokens to put on the answer, if any. A position that comes after this is too late for
   * the answer and is reported as `token-late`.
   */
  closeHead(): { readonly written?: string; readonly seen?: string; readonly notice?: WriteNotice };
}

/** How many tokens of a request a router verifies. With more of them, the primary serves its reads. */
export const MAX_TOKENS = 16;

/** What the write gate asks of a router, so that each can be tested without the other. */
export interface GateRouter<Name extends string = string> {
  readonly self: Name;
  readonly writes: WritePolicy;
  /** Opens the scope of one request. Tokens are as the client sent them: hostile until verified, and never thrown at. */
  openScope(options: { readonly tokens: readonly string[]; readonly access: 'read' | 'write' }): RequestScope;
  /** Where a write would go at this moment, from memory; undefined when no primary is known or it is not certain. */
  primaryNow(): PrimaryLocation<Name> | undefined;
  /**
   * The same, holding while there is none, as the router holds its own writes.
   * @throws {NoPrimaryError} none came in time, the queue is full, or `signal` aborted: nothing was sent.
   */
  locatePrimary(options: { readonly signal: AbortSignal }): Promise<PrimaryLocation<Name>>;
  /** A higher epoch was heard of from outside: fences what is lower, makes no primary. */
  hear(epoch: Epoch, from: 'hop' | 'token', region?: string): void;
  /** The highest epoch this process has heard of. */
  highest(): Epoch | undefined;
  /** Tells of a mistake of the app, once for each code, where this router tells of its own. A router may do without. */
  notice?(code: `REGIONKIT_${string}`, message: string): void;
  /** A write gate was made for this router: what is refused here, it forwards. */
  noteGate?(): void;
  /** Something outside contradicts what is known (a 421): look again now. */
  doubt(): void;
  /** What tells the gate's secret with a region from another, for health to compare between regions. A router may do without. */
  shareSecret?(use: 'forward', fingerprints: (peer: string) => readonly string[]): void;
}
