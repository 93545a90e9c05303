import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createWriteGate } from '../../src/http/index.ts';
import { listen, type Running, regionsOf, SECRET, serve, stubRouter } from './helpers.ts';

const running: Running[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});
const started = async (server: Promise<Running>): Promise<Running> => {
  const up = await server;
  running.push(up);
  return up;
};

describe('createWriteGate() between two regions', () => {
  test('carries a POST with its body to the primary and brings its answer back', async () => {
    const usGate = { handle: (_q: unknown, s: { end(text: string): void }) => s.end('not yet') };
    const us = await started(serve((req, res) => usGate.handle(req, res)));
    const euServer = createServer();
    const eu = await started(listen(euServer));
    const origins = { 'us-east-1': us.origin, 'eu-west-1': eu.origin };
    const router = stubRouter('us-east-1');
    router.issued = { written: 'v1.token' };
    router.regions = regionsOf('us-east-1', origins);
    const primary = createWriteGate({ router, forward: { secret: SECRET } });
    usGate.handle = primary.node((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        res.setHeader('X-Hop-From', primary.hop(req)?.from ?? 'none');
        res.end(`${req.method} ${req.url} ${Buffer.concat(chunks).toString()}`);
      });
    }) as never;
    const edge = stubRouter('eu-west-1');
    edge.regions = regionsOf('eu-west-1', origins);
    const gate = createWriteGate({ router: edge, forward: { secret: SECRET } });
    euServer.on(
      'request',
      gate.node((_req, res) => res.end('local')),
    );

    const answer = await fetch(`${eu.origin}/orders?x=1`, { method: 'POST', body: 'one espresso' });
    expect(await answer.text()).toBe('POST /orders?x=1 one espresso');
    expect(answer.headers.get('x-hop-from')).toBe('eu-west-1');
    expect(answer.headers.get('x-region-token')).toBe('v1.token');
    expect(answer.headers.getSetCookie()).toEqual([
      'region-token=v1.token; Max-Age=300; Path=/; HttpOnly; SameSite=Lax',
    ]);
    expect(await (await fetch(`${eu.origin}/orders`)).text()).toBe('local');
    await gate.close();
  });
});
