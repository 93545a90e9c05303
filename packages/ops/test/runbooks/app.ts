// A process of an app in one region, with what a runbook needs of it. The test sends it SIGTERM.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createDrain, createHealth } from '@regionkit/health';
import pg from 'pg';

const [self = '', databaseUrl = '', version = '', token = ''] = process.argv.slice(2);
const regions = defineRegions({ self, all: { [self]: { origin: 'http://127.0.0.1:1' } }, development: true });
const health = createHealth({ regions, token, version, defaults: { intervalMs: 100 } });
const router = createRegionRouter({ regions, pools: { [self]: new pg.Pool({ connectionString: databaseUrl }) } });
health.follow(router);
await router.ready();
const server = createServer(
  health.node(async (_request, response) => {
    response.end(JSON.stringify((await router.read('SELECT 1 AS one')).rows));
  }),
);
server.listen(0, '127.0.0.1', () => {
  // The wait is given: regions of a development have none.
  createDrain({
    health,
    servers: [server],
    notReadyForMs: 1_500,
    hooks: [{ name: 'router', run: () => router.close({ pools: true }) }],
  });
  console.log((server.address() as AddressInfo).port);
});
