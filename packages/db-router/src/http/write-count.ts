import type { ProxyDecision } from '@regionkit/core';

/** Counts one write as under way. */
export interface WriteCount {
  /** Its decision is carried out. */
  begin(): void;
  /** It has ended. Call it for each write, whether it has begun or not. */
  onDone(): void;
}

/** What is known of a write. It must not refer to its `onDone`, which would then stay in memory. */
interface Counted {
  end: (() => void) | undefined;
  isDone: boolean;
}

/** A fetch host may drop a response that it never reads. Nothing else shows the end of such a write. */
const dropped = new FinalizationRegistry<Counted>(finish);

/**
 * A decision that is not carried out begins nothing: it must not be counted, or a pause would wait for it. The write ends
 * with the first call of `onDone`, or when that function is no longer in memory.
 *
 * @param count counts one more write, and returns what ends it. Undefined: the write is not counted
 */
export function countWrite(count: () => (() => void) | undefined): WriteCount {
  const counted: Counted = { end: undefined, isDone: false };
  const onDone = (): void => finish(counted);
  dropped.register(onDone, counted);
  return {
    // The client may have left during the decision.
    begin: () => {
      if (!counted.isDone) counted.end ??= count();
    },
    onDone,
  };
}

/** Counts a forward while it runs. */
export function countForward(decision: ProxyDecision, count: () => (() => void) | undefined): ProxyDecision {
  const { begin, onDone } = countWrite(count);
  return {
    ...decision,
    node: (request, response) => {
      begin();
      return decision.node(request, response);
    },
    fetch: (request) => {
      begin();
      return decision.fetch(request);
    },
    onDone,
  };
}

function finish(counted: Counted): void {
  counted.isDone = true;
  counted.end?.();
  counted.end = undefined;
}
