import type { Connection } from 'pg';

type Waiter = (() => void) & { readonly listener?: () => void };

/**
 * Calls each listener that waits for ReadyForQuery once, now and from now on: to be called when the connection has ended. A cursor
 * waits for it before it is closed, and a stream before it tells its error: without this, `for await` never ends.
 */
export function releaseWaiters(connection: Connection): void {
  connection.on('newListener', (event: string, waiter: Waiter) => {
    if (event === 'readyForQuery') process.nextTick(waiter);
  });
  for (const waiter of connection.rawListeners('readyForQuery') as Waiter[]) {
    // Only what was added by once() has another listener inside.
    if (waiter.listener !== undefined) waiter();
  }
}
