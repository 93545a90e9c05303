import type { Operations } from '../config/check-config.ts';
import { ask } from '../postgres/ask.ts';
import { FACTS_SQL, type NodeFacts } from './facts.ts';
import type { Fleet } from './fleet.ts';

/** Asks every server once, all at the same time. */
export async function examine(config: Operations, signal: AbortSignal, timeoutMs: number): Promise<Fleet> {
  const nodes = await Promise.all(
    config.nodes.map(async ({ id, region, url }) => {
      let askedAtMs = Date.now();
      let uncertainMs = 0;
      const answer = await ask({ url, timeoutMs, signal }, async (client) => {
        const before = Date.now();
        const { rows } = await client.query<{ facts: NodeFacts }>(FACTS_SQL);
        uncertainMs = (Date.now() - before) / 2;
        askedAtMs = before + uncertainMs;
        return (rows[0] as { facts: NodeFacts }).facts;
      });
      return { id, region, answer, askedAtMs, uncertainMs };
    }),
  );
  return { config, nodes };
}
