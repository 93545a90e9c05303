import type { PoolClient } from 'pg';
import { type Loss, onLoss } from '../connection/protocol-state.ts';
import { isSubmittable } from '../connection/submittable.ts';
import { NodeUnavailableError, OutcomeUnknownError, RolledBackError } from '../errors.ts';
import type { RouterError } from '../router-error.ts';
import type { Leased } from '../statements/run.ts';
import { doneOf, layOver, reply } from './lay-over.ts';

/**
 * Answers the calls of a client after its connection is lost. node-postgres only reports that the client is not
 * queryable. An ORM then fails in its ROLLBACK, and throws that error instead of the one from COMMIT. So every later
 * answer repeats what is known about the lost statement.
 *
 * @returns ends it
 */
export function answerWhenLost({ client, node }: Leased): () => void {
  let remove = (): void => {};
  onLoss(client, (loss) => {
    ({ remove } = layOver(client as PoolClient, (config, values, callback) => {
      const error = errorOf(node.id, loss);
      if (isSubmittable(config)) {
        process.nextTick(() => config.handleError(error, client.connection));
        return config;
      }
      return reply(doneOf(config, values, callback), (done) => {
        process.nextTick(done, error);
      });
    }));
  });
  return () => {
    onLoss(client, undefined);
    remove();
  };
}

function errorOf(node: string, { outcome, cause }: Loss): RouterError {
  if (outcome === 'unknown') return new OutcomeUnknownError(node, cause);
  return outcome === 'rolled-back'
    ? new RolledBackError('connection-lost', cause)
    : new NodeUnavailableError(node, cause);
}
