import type { PoolClient } from 'pg';
import type { Scope } from '../causality/scope.ts';
import type { PositionParts } from '../statements/position.ts';
import type { Leased } from '../statements/run.ts';
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
    options: { readonly scope: Scope | undefined; readonly read: boolean; onRelease(): void },
  ): PoolClient;
  /** The node on which a client is that was handed out, as `region/node`. */
  nodeOf(client: PoolClient): string | undefined;
  /**
   * Reports those that have been out for too long, once each; and takes back those whose connection is lost, as an ORM
   * whose BEGIN failed never gives its client back.
   */
  reportLeaks(): void;
  readonly size: number;
}

interface Lease {
  readonly node: string;
  readonly client: PoolClient;
  readonly sinceMs: number;
  reported: boolean;
  /** Its connection was found lost: who has it gets the time of one more look to give it back. */
  lost: boolean;
  /** Gives it back for who has it. */
  takeBack(): void;
}

export function createLeases(engine: PositionParts): Leases {
  const { clock, leakAfterMs } = engine.settings;
  const out = new Set<Lease>();

  return {
    handOut: (leased, { scope, read, onRelease }) => {
      const { client, node } = leased;
      let isTakenBack = false;
      const lease: Lease = {
        node: node.id,
        client,
        sinceMs: clock.now(),
        reported: false,
        lost: false,
        takeBack: () => {
          isTakenBack = true;
          client.release(true);
        },
      };
      out.add(lease);
      const watch = overlay(engine, leased, scope, read);
      const end = answerWhenLost(leased);
      client.release = ((error) => {
        if (!out.delete(lease)) {
          const wasTakenBack = isTakenBack;
          isTakenBack = false;
          if (wasTakenBack) return;
          throw new Error('Release called on client which has already been released to the pool.');
        }
        const { pending } = watch;
        // Who never gave it back may still ask it, and is told what became of what was under way.
        if (!isTakenBack) {
          end();
          watch.remove();
        }
        const finish = (): void => {
          node.release(client, error || false);
          onRelease();
        };
        // A position is still on its way on it: the next to have it would have to wait in any case.
        if (error || pending === undefined) finish();
        else void pending.then(finish);
      }) as Release;
      return client;
    },
    nodeOf: (client) => [...out].find((lease) => lease.client === client)?.node,
    reportLeaks: () => {
      for (const lease of [...out]) {
        if (lease.lost) lease.takeBack();
        lease.lost = lease.client.connection.stream.destroyed;
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
