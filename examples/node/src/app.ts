import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { compose, defineRegions, isRegionKitError } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { createHealth } from '@regionkit/health';
import { Pool } from 'pg';

/** Notes in two regions, on `node:http` and no framework. */
export function createApp(environment: NodeJS.ProcessEnv) {
  const secret = environment.REGION_SECRET ?? '';
  const regions = defineRegions({
    self: environment.REGION,
    all: {
      'us-east-1': { origin: environment.US_ORIGIN ?? 'http://127.0.0.1:3001' },
      'eu-west-1': { origin: environment.EU_ORIGIN ?? 'http://127.0.0.1:3002' },
    },
    development: true, // one machine, plain http; not in production
  });
  const health = createHealth({ regions, peers: { secret } });
  const router = createRegionRouter({
    regions,
    pools: { [regions.self]: new Pool({ connectionString: environment.DATABASE_URL }) },
    writes: 'forward',
    token: { secret },
    view: health.view,
  });
  health.follow(router);
  const gate = createWriteGate({ router, view: health.view, forward: { secret } });

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>> = {
    'GET /notes': async (_request, response) => {
      const { rows } = await router.read<{ text: string }>('select text from notes order by id');
      answer(response, 200, { region: regions.self, notes: rows.map((row) => row.text) });
    },
    'POST /notes': async (request, response) => {
      const note = parseNote(await text(request));
      if (note === undefined) return answer(response, 400, { error: 'a note is { "text": "…" }' });
      await router.write('insert into notes (text, written_in) values ($1, $2)', [note, regions.self]);
      answer(response, 201, { region: regions.self, text: note });
    },
  };

  // The gate comes before anything that reads the body: a write is forwarded as it came.
  const regional = compose(health, gate).node(async (request, response) => {
    const route = routes[`${request.method} ${request.url?.split('?')[0]}`];
    try {
      if (route === undefined) answer(response, 404, { error: 'there is nothing here' });
      else await route(request, response);
    } catch (error) {
      // No framework does it for us: an error of regionkit says its status and headers itself.
      const { status, headers } = isRegionKitError(error) ? error : { status: 500, headers: {} };
      if (response.headersSent) response.destroy();
      else answer(response, status, { error: isRegionKitError(error) ? error.code : 'something went wrong' }, headers);
    }
  });
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', 'https://www.example.com');
    if (request.method !== 'OPTIONS') return regional(request, response);
    // The answer to a preflight: the field with which a script sends its token must be allowed.
    const allowed = 'Content-Type, X-Region-Token';
    response
      .writeHead(204, { 'access-control-allow-methods': 'GET, POST', 'access-control-allow-headers': allowed })
      .end();
  });
  return { server, health, router, gate };
}

function answer(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function parseNote(json: string): string | undefined {
  try {
    const { text } = JSON.parse(json);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}
