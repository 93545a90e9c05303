import type { Operations } from '../../config/check-config.ts';
import { ask } from '../../postgres/ask.ts';
import { StepFailure } from '../steps/step.ts';
import type { Adapter } from './adapter.ts';

/** `pg_promote()`. The role needs `EXECUTE` on it. */
export function postgresAdapter(config: Operations): Adapter {
  return {
    name: 'postgres',
    demotes: false,
    promoteWithinMs: 120_000,
    survey: async () => undefined,
    async promote({ target }, signal) {
      const { url } = config.nodes.find(({ id }) => id === target) as { readonly url: string };
      const answer = await ask({ url, timeoutMs: 10_000, signal }, async (client) => {
        // The server is asked its role where it is told to change it. A primary would raise an error.
        const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
        if (rows[0]?.standby === true) await client.query('SELECT pg_promote(false)');
      });
      if (!answer.ok) throw new StepFailure(`${target} could not be promoted (${answer.code ?? answer.why})`);
    },
  };
}
