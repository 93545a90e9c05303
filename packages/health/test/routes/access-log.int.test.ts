import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRegions } from '@regionkit/core';
import express from 'express';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHealth } from '../../src/index.ts';

const regions = defineRegions({ self: 'a', all: { a: { origin: 'https://a.example.com' } } });

test('an access log behind health has a line for each request of the app, none for a probe or a region, and no warning', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => warned.mockRestore());
  const health = createHealth({ regions, peers: { secret: 'a secret of at least thirty-two bytes' } });
  onTestFinished(() => health.close());
  const lines: string[] = [];
  const app = express();
  app.use(health.express());
  app.use((request, _response, next) => {
    lines.push(request.url);
    next();
  });
  app.get('/orders', (_request, response) => void response.send('ok'));
  const server: Server = app.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  for (const path of ['/health', '/livez', '/readyz', '/health/region', '/orders', '/health/read']) {
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  }
  expect(lines).toEqual(['/orders']);
  expect(warned).not.toHaveBeenCalled();
});
