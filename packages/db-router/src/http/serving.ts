import type { Epoch, NextDecision, RequestView, ResponseHead } from '@regionkit/core';
import { isSharedCacheable } from '@regionkit/core/kit';
import type { GateSeam, Issued, RequestScope } from '../gate-seam.ts';
import { isSafe } from './methods.ts';
import type { GateReason } from './ruling.ts';
import type { TokenFields } from './token-fields.ts';
import { countWrite } from './write-count.ts';

/** A request that this region may serve. */
export interface Served {
  readonly request: RequestView;
  readonly write: boolean;
  /**
   * The scope of a read: its tokens decide where it can be served. The scope of a write is opened where the write runs.
   */
  readonly scope: RequestScope | undefined;
  /** A write that no other region has admitted. A pause holds it. */
  readonly isNew: boolean;
}

/** Opens the causality scope of a request, and puts its tokens on the answer. */
export interface Serving {
  openScope(request: RequestView, write: boolean): RequestScope;
  /** The decision to serve a request here, inside its scope. */
  serve(served: Served, reason: GateReason): NextDecision;
  /** The client's next request must not be answered by a standby that may lack the write. */
  issueUnknown(request: RequestView, epoch: Epoch, head: ResponseHead): void;
}

export function createServing(
  gate: Pick<GateSeam, 'openScope' | 'isPaused' | 'primaryNow'>,
  tokens: TokenFields,
): Serving {
  const openScope = (request: RequestView, write: boolean): RequestScope =>
    gate.openScope({ tokens: tokens.read(request), access: write ? 'write' : 'read' });
  /** A pause may have begun since the decision. Without a primary there may be one that this process does not know yet. */
  const mayBePaused = (): boolean => gate.isPaused?.() === true || gate.primaryNow() === undefined;

  return {
    openScope,
    serve: ({ request, write, isNew, scope = openScope(request, write) }, reason) => {
      // In a pause, what the handler writes waits for its end.
      const count =
        write && scope.admit !== undefined
          ? countWrite(() => (isNew && mayBePaused() ? undefined : scope.admit?.()))
          : undefined;
      let tokensNow: Issued | undefined;
      return {
        action: 'next',
        reason,
        scope: (run) => {
          count?.begin();
          return scope.run(run);
        },
        wantsHead: () => {
          tokensNow = scope.issue();
          return issues(tokensNow);
        },
        afterHead: () => scope.endHead(),
        onHead: (head) => {
          const issued = tokensNow ?? scope.issue();
          // A cache must not give one client's position to others, nor an old one to the same client. No cache stores the
          // answer to an unsafe method.
          if (isSafe(request.method) && issues(issued)) {
            if (isSharedCacheable(head)) return;
            head.set('Cache-Control', 'no-store');
          }
          tokens.write(head, issued);
        },
        ...(count !== undefined && { onDone: count.onDone }),
      };
    },
    issueUnknown: (request, epoch, head) => {
      const scope = openScope(request, true);
      scope.noteUnknown(epoch);
      tokens.write(head, scope.closeHead());
    },
  };
}

/** Whether there is something to put on a head. */
function issues({ written, seen, notice }: Issued): boolean {
  return written !== undefined || seen !== undefined || notice !== undefined;
}
