import type { Epoch } from '@regionkit/core';
import type { WriteNotice } from '../gate-seam.ts';
import type { RequiredPosition } from '../history/required-position.ts';
import type { Topology } from '../topology/topology.ts';
import type { Claim } from './token-judge.ts';

/** What one request, job or message must see, and what it wrote. */
export interface Scope {
  readonly access: 'read' | 'write';
  readonly signal: AbortSignal | undefined;
  /** What its next read must see. */
  need: RequiredPosition | undefined;
  /** The highest position that it brought or made, in the form of a token. */
  position: Claim | undefined;
  wrote: boolean;
  seen: { readonly epoch: Epoch; readonly lsn: bigint } | undefined;
  headClosed: boolean;
  /** Epochs with a write whose position is not known yet. Until it is, only the primary certainly has the write. */
  readonly awaited: Epoch[];
  /**
   * True if its token stands for a write that is probably lost. The token is replaced, so that this is reported once.
   */
  replaceToken: boolean;
  /** The positions of its tokens, as far as they were in the history in force when they were judged. */
  kept: readonly Claim[];
  /** The topology that its tokens were judged by. */
  judgedBy: Topology;
  notice: WriteNotice | undefined;
  /** Open while the request it belongs to is admitted. Shared with the scopes that are opened inside. */
  admission: { isOpen: boolean } | undefined;
}

/** Whether a write of this scope passes a pause: its request began before. */
export function isAdmitted(scope: Scope | undefined): boolean {
  return scope?.admission?.isOpen === true;
}
