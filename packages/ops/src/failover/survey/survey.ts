import type { Operations } from '../../config/check-config.ts';
import { readCa } from '../../config/read-ca.ts';
import type { Adapter } from '../adapters/adapter.ts';
import { askApp } from './ask-app.ts';
import { askState } from './ask-state.ts';
import type { Situation, SurveyedApp } from './situation.ts';

const TIMEOUT_MS = 3_000;

/** Asks every server, every app and the manager once, all at the same time. Never rejects. */
export async function survey(config: Operations, adapter: Adapter, signal: AbortSignal): Promise<Situation> {
  const nodes = Promise.all(
    config.nodes.map(async (node) => ({
      id: node.id,
      region: node.region,
      address: addressOf(node.url),
      answer: await askState(config, node, signal),
    })),
  );
  const apps = surveyApps(config, signal);
  const manager = adapter.survey(signal, nodes);
  return { atMs: Date.now(), nodes: await nodes, apps: await apps, manager: await manager };
}

/** Asks the health of every app that has an origin. */
export async function surveyApps(config: Operations, signal: AbortSignal): Promise<readonly SurveyedApp[]> {
  const ca = await readCa(config.caFile);
  const asked = config.regions.filter(({ origin }) => origin !== undefined);
  return Promise.all(
    asked.map(async ({ name, origin }) => ({
      region: name,
      answer: await askApp(`${origin}${config.front.path}`, {
        token: config.healthToken,
        ca,
        timeoutMs: TIMEOUT_MS,
        signal,
      }),
    })),
  );
}

function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? 5432 : port}`;
}
