import type { Socket } from 'node:net';
import type { Clock } from '@regionkit/core/kit';
import type { PoolClient } from 'pg';
import type { PoolNode } from '../connection/node.ts';

/**
 * Decides why a probe was not answered in time. A stopped server answers it later. If the network path has lost its
 * connections, new connections work and old ones stay silent: statements on those would wait for ever without this.
 */
export interface Silence {
  /** Keeps the silent connection until `answered` settles. Of several, the first is kept. */
  keep(connection: Kept): void;
  /** The node answers on another connection. */
  nodeAnswers(): void;
  close(): void;
}

export interface Kept {
  readonly askedAtMs: number;
  readonly answered: Promise<unknown>;
  drop(): void;
}

export interface SilenceOptions {
  readonly clock: Clock;
  /** How long the old connection may stay silent while a new one works, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * Records what every connection that was opened before then has received. The returned function destroys those that
   * have received nothing since.
   */
  watchSilent(openedBeforeMs: number): () => void;
}

export function createSilence({ clock, timeoutMs, watchSilent }: SilenceOptions): Silence {
  let kept: Kept | undefined;
  let cancel: (() => void) | undefined;

  const end = (): void => {
    cancel?.();
    cancel = undefined;
    kept?.drop();
    kept = undefined;
  };

  return {
    keep: (connection) => {
      if (kept !== undefined) {
        connection.drop();
        return;
      }
      kept = connection;
      const settled = (): void => {
        if (kept === connection) end();
      };
      connection.answered.then(settled, settled);
    },
    nodeAnswers: () => {
      if (kept === undefined || cancel !== undefined) return;
      const destroySilent = watchSilent(kept.askedAtMs);
      cancel = clock.schedule(() => {
        end();
        destroySilent();
      }, timeoutMs);
    },
    close: end,
  };
}

/**
 * Notes what every connection of a node that was opened before then has received. Called, what it returns destroys those
 * that have received nothing since.
 */
export function watchSilent(node: Pick<PoolNode, 'openedBefore'>, openedBeforeMs: number): (error: Error) => void {
  const received = new Map(node.openedBefore(openedBeforeMs).map((client) => [client, bytesReceived(client)]));
  return (error) => {
    for (const client of node.openedBefore(openedBeforeMs)) {
      if (received.has(client) && bytesReceived(client) === received.get(client))
        client.connection.stream.destroy(error);
    }
  };
}

/** Undefined for a stream without a byte counter. It then counts as silent. */
function bytesReceived(client: PoolClient): number | undefined {
  return (client.connection.stream as Partial<Socket>).bytesRead;
}
