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

/** A small handler: `bare`, or behind `affinity`, `gate`, `three` or `four` doors, or the four of a `kit`, as the arguments of its process say. */
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
    bare: async () => [],
    affinity: async () => [edgeAffinity()],
    gate: async () => [await gate()],
    three: async () => [edgeAffinity(), sessions(), await gate()],
    four: async () => [createHealth({ regions: edgeRegions(HERE) }), edgeAffinity(), sessions(), await gate()],
  };
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
  return deciders.length === 0 ? bare : (compose(...deciders).node(bare) as Handler);
}
