import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import replyFrom from '@fastify/reply-from';
import type { Epoch } from '@regionkit/core';
import type { GateRouter } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import fastify from 'fastify';
import { createProxyServer } from 'httpxy';
import { edgeRegions } from '../edge/setting.ts';
import { serving } from '../server-process.ts';

/** One way to forward a request to the origin whose port is given: `regionkit`, `reply-from` or `httpxy`. */
const [, , way, port] = process.argv;
/** To the origin, at most, for each. */
const CONNECTIONS = 1_024;
let inFlight = (): number => Number.NaN;
const origin = `http://127.0.0.1:${port}`;

if (way === 'reply-from') {
  const app = fastify();
  app.register(replyFrom, { base: origin, undici: { connections: CONNECTIONS, pipelining: 1 } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.all('/*', (request, reply) => reply.from(request.url));
  await app.listen({ port: 0, host: '127.0.0.1' });
  app.server.keepAliveTimeout = 60_000;
  serving((app.server.address() as AddressInfo).port);
} else {
  const server = createServer(way === 'httpxy' ? withHttpxy() : withRegionkit());
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () =>
    serving((server.address() as AddressInfo).port, () => ({ inFlight: inFlight() })),
  );
}

function withHttpxy(): (request: IncomingMessage, response: ServerResponse) => void {
  const proxy = createProxyServer({
    target: origin,
    xfwd: true,
    agent: new Agent({ keepAlive: true, maxSockets: CONNECTIONS }),
  });
  return (request, response) => void proxy.web(request, response);
}

function withRegionkit(): (request: IncomingMessage, response: ServerResponse) => void {
  const epoch: Epoch = { system: '7300000000000000001', timeline: 1, owner: 'us-east-1/0' };
  const primary = { region: 'us-east-1', epoch } as const;
  const router: GateRouter<'us-east-1' | 'eu-west-1' | 'ap-southeast-1'> = {
    self: 'eu-west-1',
    regions: edgeRegions('eu-west-1', Number(port)),
    writes: 'forward',
    gate: {
      openScope: () => ({
        run: (fn) => fn(),
        needsPrimary: () => false,
        noteUnknown: () => {},
        closeHead: () => ({}),
        issue: () => ({}),
        endHead: () => {},
      }),
      primaryNow: () => primary,
      locatePrimary: async () => primary,
      learnEpoch: () => {},
      highest: () => epoch,
      recheckPrimary: () => {},
    },
  };
  const gate = createWriteGate({
    router,
    forward: { secret: 'a secret of the bench, 32 bytes long', maxConcurrent: CONNECTIONS, maxPerClient: CONNECTIONS },
  });
  inFlight = () => gate.stats().inFlight;
  return gate.node((_request, response) => {
    (response as ServerResponse).writeHead(500).end();
  }) as (request: IncomingMessage, response: ServerResponse) => void;
}
