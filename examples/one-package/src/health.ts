import { createServer } from 'node:http';
import { defineRegions } from '@regionkit/core';
import { checks, createDrain, createHealth } from '@regionkit/health';

// One region: no peers, no secret.
const regions = defineRegions({ self: 'home', all: { home: { origin: 'https://app.example.com' } } });
const health = createHealth({ regions });
health.check('upstream', checks.http(process.env.UPSTREAM_URL ?? 'https://api.example.com/health'));
health.check('loop', checks.eventLoop({ p99WarnMs: 100, p99FailMs: 500 }), { scope: 'relative' });

const server = createServer(health.node((_request, response) => response.end('hello\n')));
createDrain({ health, servers: [server], notReadyForMs: Number(process.env.NOT_READY_FOR_MS ?? 15_000) });
server.listen(Number(process.env.PORT ?? 3001));
