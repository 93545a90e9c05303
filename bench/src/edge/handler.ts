import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { compose, type Decider } from '@regionkit/core';
import { createWriteGate } from '@regionkit/db-router/http';
import { createHealth } from '@regionkit/health';
import { createSessionVerifier } from '@regionkit/session';
import { createRegionKit } from 'regionkit';
import { SECRET } from '../router/setting.ts';
import { AUDIENCE, edgeAffinity, edgeRouter, HERE, ISSUER } from './doors.ts';
import { edgeRegions, edgeView } from './setting.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const body = JSON.stringify({ hello: 'world' });
const bare: Handler = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
};

/** What any door that keeps a scope must do at least: the handler runs in a storage. */
const storage = new AsyncLocalStorage<object>();
const stored: Handler = (request, response) => storage.run({}, bare, request, response);

/** What any door with the same questions must read at least. Each set of fields is kept, so that no compiler leaves it out. */
const kept: unknown[] = [undefined];
const reading: Handler = (request, response) => {
  const { cookie, authorization, upgrade, 'x-region-hop': hop, 'x-region-token': token } = request.headers;
  kept[0] = [cookie, authorization, upgrade, hop, token];
  stored(request, response);
};

/** A small handler: `bare`, the floors `stored` and `reading`, or behind `affinity`, `gate`, `three` or `four` doors, or the four of a `kit`, as the arguments of its process say. */
export async function handlerOfArguments(): Promise<Handler> {
  const [, , way = '', database = '', publicKey = ''] = process.argv;
  const verified = { keys: publicKey, algorithms: ['RS256'], issuer: ISSUER, audience: AUDIENCE } as const;
  const sessions = (): Decider => createSessionVerifier(verified);
  const gate = async (): Promise<Decider> =>
    createWriteGate({
      router: await edgeRouter(database),
      forward: { secret: SECRET },
      token: { cookie: { domain: 'example.com' } },
    });
  const ways: Readonly<Record<string, () => Promise<Decider[]>>> = {
    affinity: async () => [edgeAffinity()],
    gate: async () => [await gate()],
    three: async () => [edgeAffinity(), sessions(), await gate()],
    four: async () => [createHealth({ regions: edgeRegions(HERE) }), edgeAffinity(), sessions(), await gate()],
  };
  const floors: Readonly<Record<string, Handler>> = { bare, stored, reading };
  const floor = floors[way];
  if (floor !== undefined) return floor;
  if (way === 'kit') {
    const regions = edgeRegions(HERE);
    const kit = createRegionKit({
      regions,
      secret: SECRET,
      cookieDomain: 'example.com',
      health: createHealth({ regions }),
      router: await edgeRouter(database),
      affinity: { view: edgeView(HERE) },
      sessions: verified,
    });
    return kit.node(bare) as Handler;
  }
  const deciders = await (ways[way] as () => Promise<Decider[]>)();
  return compose(...deciders).node(bare) as Handler;
}
