import type { Operations } from '../config/check-config.ts';
import { readCa } from '../config/read-ca.ts';
import { ask } from '../postgres/ask.ts';
import { shaped } from '../postgres/shaped.ts';
import { FACTS_SHAPE } from './facts.ts';
import { FACTS_SQL, PROMOTIONS_SQL } from './facts-sql.ts';
import type { ExaminedNode, Fleet } from './fleet.ts';
import { examineFront } from './front/front.ts';
import { type ExaminedPatroni, readPatroni } from './manager/patroni.ts';
import { examineProcesses } from './processes.ts';

/** Asks every server, region and host once, all at the same time. */
export async function examine(config: Operations, signal: AbortSignal, timeoutMs: number): Promise<Fleet> {
  const ca = await readCa(config.caFile);
  const [nodes, front, managers, app] = await Promise.all([
    examineNodes(config, signal, timeoutMs),
    examineFront(config, ca, signal, timeoutMs),
    examineManagers(config, signal, timeoutMs),
    examineProcesses(config, signal),
  ]);
  return { config, nodes, front, managers, processes: app.processes, silentDoors: app.silent, nowMs: Date.now() };
}

function examineManagers(
  config: Operations,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<readonly ExaminedPatroni[]> {
  const asked = config.regions.flatMap(({ name, patroni }) =>
    patroni === undefined ? [] : [{ region: name, url: patroni }],
  );
  return Promise.all(
    asked.map(async ({ region, url }) => ({ region, facts: await readPatroni(url, timeoutMs, signal) })),
  );
}

function examineNodes(config: Operations, signal: AbortSignal, timeoutMs: number): Promise<readonly ExaminedNode[]> {
  return Promise.all(
    config.nodes.map(async ({ id, region, url }) => {
      let askedAtMs = Date.now();
      let uncertainMs = 0;
      const answer = await ask({ url, timeoutMs, signal }, async (client) => {
        const [before, sinceMs] = [Date.now(), performance.now()];
        const { rows } = await client.query<{ facts: unknown }>(FACTS_SQL);
        uncertainMs = (performance.now() - sinceMs) / 2;
        askedAtMs = before + uncertainMs;
        const facts = rows[0]?.facts as { readonly tail?: { readonly readable?: unknown } | null } | undefined;
        if (facts?.tail?.readable !== true) return facts;
        const more = await client.query<{ facts: unknown }>(PROMOTIONS_SQL);
        return { ...facts, promotions: more.rows[0]?.facts };
      });
      return { id, region, answer: shaped(answer, FACTS_SHAPE), askedAtMs, uncertainMs };
    }),
  );
}
