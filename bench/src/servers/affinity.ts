import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAffinity } from '@regionkit/affinity';
import { edgeRegions, edgeView } from '../edge-setting.ts';
import { serving } from '../server-process.ts';

const body = JSON.stringify({ hello: 'world' });
const handler = (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
};
const affinity = createAffinity({
  regions: edgeRegions('us-east-1'),
  view: edgeView('us-east-1'),
  cookie: { domain: 'example.com' },
});
const server = createServer(process.argv[2] === 'bare' ? handler : (affinity.node(handler as never) as typeof handler));
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => serving((server.address() as AddressInfo).port));
