import type { PoolClient } from 'pg';
import type { Scope } from '../causality/scope.ts';
import type { Engine } from '../engine.ts';
import type { Leased } from '../routing/run.ts';
import { answerWhenLost } from './lost-client.ts';
import { overlay } from './overlay.ts';

type Release = (error?: Error | boolean) => void;

/** Clients that were handed out and are not back yet. */
export interface Leases {
  /**
   * Hands a client to the caller. It is the pool's own client, as ORMs keep things by its identity; what a scope or a
   * standby needs is laid over it until it is released.
   */
  handOut(
    leased: Leased,
    options: { readonly scope: Scope | undefined; readonly read: boolean; onRelease(error: unknown): void },
  ): PoolClient;
  /** Reports those that have been out for too long, once each. */
  lookForLeaks(): void;
  readonly size: number;
}

interface Lease {
  readonly node: string;
  readonly sinceMs: number;
  reported: boolean;
}

export function createLeases(engine: Engine): Leases {
  const { clock, leakAfterMs } = engine.settings;
  const out = new Set<Lease>();

  return {
    handOut: (leased, { scope, read, onRelease }) => {
      const { client, node } = leased;
      const lease: Lease = { node: node.id, sinceMs: clock.now(), reported: false };
      out.add(lease);
      const watch = overlay(engine, leased, scope, read);
      const end = answerWhenLost(leased);
      client.release = ((error) => {
        if (!out.delete(lease))
          throw new Error('Release called on client which has already been released to the pool.');
        const { pending } = watch;
        end();
        watch.remove();
        const finish = (): void => {
          node.release(client, error || false);
          onRelease(error);
        };
        // A position is still on its way on it: the next to have it would have to wait in any case.
        if (error || pending === undefined) finish();
        else void pending.then(finish);
      }) as Release;
      return client;
    },
    lookForLeaks: () => {
      for (const lease of out) {
        if (lease.reported || clock.now() - lease.sinceMs < leakAfterMs) continue;
        lease.reported = true;
        engine.events.emit('leak', { node: lease.node, why: 'not-released' });
      }
    },
    get size() {
      return out.size;
    },
  };
}
