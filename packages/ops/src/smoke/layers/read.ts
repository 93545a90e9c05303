import { ask } from '../../postgres/ask.ts';
import { bad, type Layer, ok, TIMEOUT_MS } from '../layer.ts';

/** Every database of the region answers a statement. */
export const read: Layer = {
  name: 'read',
  needs: 'databases',
  async test({ nodes, signal }) {
    const answers = await Promise.all(
      nodes.map(async ({ id, url }) => ({
        id,
        answer: await ask({ url, timeoutMs: TIMEOUT_MS, signal }, async (client) => {
          const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
          return rows[0]?.standby === true ? 'standby' : 'primary';
        }),
      })),
    );
    const says = answers.map(({ id, answer }) =>
      answer.ok
        ? `${id} (${answer.value}) in ${Math.round(answer.tookMs)} ms`
        : `${id} does not answer (${answer.why})`,
    );
    return answers.every(({ answer }) => answer.ok) ? ok(says.join(', ')) : bad(says.join(', '));
  },
};
