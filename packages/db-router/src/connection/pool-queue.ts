import { AsyncLocalStorage } from 'node:async_hooks';
import { createRoster } from '@regionkit/core/kit';
import type { Pool, PoolClient } from 'pg';
import { inThisContext } from '../in-this-context.ts';

/** The callers that wait for a client of one pool. Unlike the pool's own queue, they can be refused. */
export interface PoolQueue {
  connect(done: (error: unknown, client: PoolClient | undefined) => void): void;
  /**
   * Gives a client back.
   *
   * @param release the pool's own function of the client
   */
  release(release: PoolClient['release'], destroy: boolean | Error): void;
  /** Refuses all callers that wait. */
  rejectWaiting(error: Error): void;
  /** The same, and refuses later callers, too. */
  close(error: Error): void;
}

/** @param giveBack takes a client that came after its caller was refused */
export function createPoolQueue(pool: Pool, giveBack: (client: PoolClient) => void): PoolQueue {
  const waiting = createRoster<(error: Error) => void>();
  const inBackground = AsyncLocalStorage.snapshot();
  let refusal: Error | undefined;

  const rejectWaiting = (error: Error): void => {
    for (const leave of waiting.all()) leave(error);
  };
  const releaseNow: PoolQueue['release'] = (release, destroy) => {
    if (destroy === false) release();
    // The pool may open another connection in its place, which outlives the request.
    else inBackground(release, destroy);
  };
  const wait: PoolQueue['connect'] = (done) => {
    let left = false;
    // What the caller does with its client belongs to the caller: a trace, or a hook of the app, reads the context there.
    const tell = inThisContext(done);
    const leave = (error: Error): void => {
      left = true;
      remove();
      tell(error, undefined);
    };
    const remove = waiting.add(leave);
    // This may open a connection that outlives the request. The connection must not keep the context of the request in
    // memory.
    inBackground(() =>
      pool.connect((error, client) => {
        if (left) {
          if (client === undefined) return;
          // Its pool goes on to the next caller within the release: of a long queue that left, each would go deeper.
          queueMicrotask(() => (refusal === undefined ? giveBack(client) : client.release()));
          return;
        }
        remove();
        tell(error, client);
      }),
    );
  };
  return {
    connect: (done) => {
      if (refusal !== undefined) done(refusal, undefined);
      else if (pool.idleCount > pool.waitingCount) pool.connect(done);
      else wait(done);
    },
    release: (release, destroy) => {
      // A caller that waits beside an idle connection gets it in a tick of its own. The pool would call it back here, in
      // the context of another caller.
      if (pool.waitingCount > 0 && pool.idleCount > 0) process.nextTick(releaseNow, release, destroy);
      else releaseNow(release, destroy);
    },
    rejectWaiting,
    close: (error) => {
      refusal = error;
      rejectWaiting(error);
    },
  };
}
