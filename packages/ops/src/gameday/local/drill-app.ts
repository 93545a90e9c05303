import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { compose, defineRegions, isRegionKitError } from '@regionkit/core';
import type { RegionRouter } from '@regionkit/db-router';
import type { Health } from '@regionkit/health';
import { DatabaseError, type Pool } from 'pg';
import type { Modules } from './modules.ts';
import { perRegion, type RegionName } from './names.ts';

export interface DrillAppOptions {
  readonly region: RegionName;
  /** Where this region reaches the app of each region. */
  readonly origins: Readonly<Record<RegionName, string>>;
  readonly pools: Readonly<Record<RegionName, Pool>>;
  readonly secret: string;
  readonly operatorToken: string;
  /** What `GET /drill/status` answers: the drill that runs. */
  readonly status: () => unknown;
}

/** The app of one region, put together as a user would: rows are written by POST /drill and read by GET /drill?id=…. */
export interface DrillApp {
  readonly router: RegionRouter<RegionName>;
  readonly health: Health<RegionName>;
  readonly listener: RequestListener;
  close(): Promise<void>;
}

export const SCHEMA = `CREATE TABLE drill (id text NOT NULL, written_in text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
  CREATE INDEX ON drill (id);`;

export type MakeDrillApp = (modules: Modules, options: DrillAppOptions) => DrillApp;

export const createDrillApp: MakeDrillApp = (modules, { region, origins, pools, secret, operatorToken, status }) => {
  const regions = defineRegions({
    self: region,
    all: perRegion((name) => ({ origin: origins[name] })),
    hosts: ['drill.localhost'],
    development: true,
  });
  const health = modules.createHealth({
    regions,
    // Quicker than the defaults: a drill on one machine has no ocean to cross.
    peers: {
      secret,
      intervalMs: 500,
      urgentIntervalMs: 100,
      timeoutMs: 500,
      unknownAfterMs: 1_500,
      downAfterMs: 3_000,
    },
    defaults: { intervalMs: 250, timeoutMs: 500 },
    logger: SILENT,
  });
  const router = modules.createRegionRouter({
    regions,
    pools,
    writes: 'forward',
    token: { secret },
    view: health.view,
    logger: SILENT,
  });
  health.follow(router);
  const affinity = modules.createAffinity({ regions, view: health.view });
  const gate = modules.createWriteGate({ router, view: health.view, forward: { secret } });
  const operator = modules.createOperatorDoor({ regions, token: operatorToken, router, health, logger: SILENT });
  const routes = createRoutes(region, router, status);
  const listener = operator.node(
    compose(health, affinity, gate).node(
      (request: IncomingMessage, response: ServerResponse) => void routes(request, response),
    ),
  );
  return {
    router,
    health,
    listener,
    close: async () => {
      operator.close();
      await Promise.all([gate.close(), router.close(), health.close()]);
    },
  };
};

/** What is to be said is in the journal, and behind the operator door. */
const SILENT = { info: () => {}, warn: () => {}, error: () => {} };

function createRoutes(region: RegionName, router: RegionRouter<RegionName>, status: () => unknown) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://drill');
    const answer = (code: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(code, { ...headers, 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    try {
      if (pathname === '/drill/status') return answer(200, status());
      if (pathname !== '/drill') return answer(404, { region });
      if (request.method === 'POST') {
        const id = await idIn(request);
        if (id === undefined) return answer(400, { outcome: 'not-sent' });
        await router.write('INSERT INTO drill (id, written_in) VALUES ($1, $2)', [id, region]);
        return answer(201, { region });
      }
      const { rows } = await router.read<{ id: string }>('SELECT id FROM drill WHERE id = $1', [
        searchParams.get('id'),
      ]);
      return answer(200, { region, ids: rows.map(({ id }) => id) });
    } catch (error) {
      // With the outcome: the driver must know whether a write was done.
      if (isRegionKitError(error)) answer(error.status, { outcome: outcomeIn(error) }, error.headers);
      else if (error instanceof DatabaseError) answer(500, { outcome: 'rolled-back' });
      else answer(500, {});
    }
  };
}

const outcomeIn = (error: object): unknown => (error as { readonly outcome?: unknown }).outcome;

const MAX_BYTES = 1_000;

async function idIn(request: IncomingMessage): Promise<string | undefined> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BYTES) return undefined;
  }
  try {
    const { id } = JSON.parse(text) as { readonly id?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
