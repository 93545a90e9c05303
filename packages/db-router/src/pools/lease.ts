import { createRoster } from '@regionkit/core/kit';
import type { PoolClient } from 'pg';
import type { Scope } from '../causality/scope-state.ts';
import type { PositionParts } from '../statements/position.ts';
import type { Leased } from '../statements/run.ts';
import { answerWhenLost } from './lost-client.ts';
import { overlay } from './overlay.ts';

type Release = (error?: Error | boolean) => void;

/** Clients that are handed out and not given back yet. */
export interface Leases {
  /**
   * Hands a client to the caller. It is the pool's own client, because ORMs identify it by object. Until it is
   * released, its `query` is wrapped with what a scope or a standby needs.
   */
  handOut(
    leased: Leased,
    options: { readonly scope: Scope | undefined; readonly read: boolean; onRelease(): void },
  ): PoolClient;
  /** Returns the node of a client that is handed out, as `region/node`. */
  nodeOf(client: PoolClient): string | undefined;
  /**
   * Reports clients that have been out for too long, once each. Takes back those whose connection is lost, because an
   * ORM never gives a client back after a failed BEGIN.
   */
  reportLeaks(): void;
  readonly size: number;
}

interface Lease {
  readonly node: string;
  readonly client: PoolClient;
  readonly sinceMs: number;
  reported: boolean;
  /** Its connection was found lost. The caller has until the next check to give it back. */
  lost: boolean;
  /** Gives it back in place of its user. */
  takeBack(): void;
}

export function createLeases(engine: PositionParts): Leases {
  const { clock, leakAfterMs } = engine.settings;
  const out = createRoster<Lease>();

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
      const remove = out.add(lease);
      const watch = overlay(engine, leased, scope, read);
      const end = answerWhenLost(leased);
      client.release = ((error) => {
        if (!remove()) {
          const wasTakenBack = isTakenBack;
          isTakenBack = false;
          if (wasTakenBack) return;
          throw new Error('Release called on client which has already been released to the pool.');
        }
        const { pending } = watch;
        // A caller that never gave it back may still use it, and is told what happened to its statement.
        if (!isTakenBack) {
          end();
          watch.remove();
        }
        const finish = (): void => {
          node.release(client, error || false);
          onRelease();
        };
        // A query for a position is still running on it. The next user would have to wait anyway.
        if (error || pending === undefined) finish();
        else void pending.then(finish);
      }) as Release;
      return client;
    },
    nodeOf: (client) => out.all().find((lease) => lease.client === client)?.node,
    reportLeaks: () => {
      for (const lease of out.all()) {
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
