import type { Clock } from '@regionkit/core/kit';

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
