import type { Socket } from 'node:net';
import type { Clock } from '@regionkit/core/kit';
import type { PoolClient } from 'pg';
import type { PoolNode } from '../connection/node.ts';

/**
 * What became of a question that was not answered in time. A server that stood still answers it after all. Where the path
 * has swallowed its connections, new ones work and the old ones stay silent: without this, whoever waits for a statement
 * on one of those waits for ever.
 */
export interface Silence {
  /** Keeps the connection that fell silent, until `answered` settles. Of several the first is kept. */
  keep(connection: Kept): void;
  /** The node answers, on another connection. */
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
  /** How long the old connection may go on to be silent while a new one works. */
  readonly timeoutMs: number;
  /**
   * Takes down what every connection opened before then has received. Called, what it returns destroys those that have
   * received nothing since.
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

/** Undefined for a stream that does not count: then it has received nothing. */
function bytesReceived(client: PoolClient): number | undefined {
  return (client.connection.stream as Partial<Socket>).bytesRead;
}
