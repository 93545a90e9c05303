import type { Operations } from '../config/check-config.ts';
import type { Doors, RegionProcesses } from '../operator/ask-doors.ts';
import { ask } from '../postgres/ask.ts';
import { shaped } from '../postgres/shaped.ts';
import { SERVER_SHAPE, SERVER_SQL, type ServerFacts } from './server-facts.ts';

/** A server, and what it said or why it did not. */
export interface SurveyedServer {
  readonly id: string;
  readonly facts: ServerFacts | undefined;
  readonly why: string | undefined;
}

/** Everything that was asked in one round. */
export interface Survey {
  readonly servers: readonly SurveyedServer[];
  readonly regions: readonly RegionProcesses[];
}

const TIMEOUT_MS = 3_000;

/** Asks every server and every operator door once, all at the same time. */
export async function survey(config: Operations, doors: Doors | undefined, signal: AbortSignal): Promise<Survey> {
  const servers = config.nodes.map(async ({ id, url }): Promise<SurveyedServer> => {
    const answer = await ask({ url, timeoutMs: TIMEOUT_MS, signal }, async (client) => {
      const { rows } = await client.query<{ facts: unknown }>(SERVER_SQL);
      return rows[0]?.facts;
    });
    const facts = shaped(answer, SERVER_SHAPE);
    return facts.ok ? { id, facts: facts.value, why: undefined } : { id, facts: undefined, why: facts.why };
  });
  const [asked, regions] = await Promise.all([Promise.all(servers), doors?.ask() ?? []]);
  return { servers: asked, regions };
}
