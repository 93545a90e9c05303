import { createServer } from 'node:http';
import { createAffinity } from '@regionkit/affinity';
import { defineRegions } from '@regionkit/core';

const regions = defineRegions({
  self: process.env.REGION,
  all: {
    'us-east-1': { origin: process.env.US_ORIGIN ?? 'http://127.0.0.1:3001' },
    'eu-west-1': { origin: process.env.EU_ORIGIN ?? 'http://127.0.0.1:3002' },
  },
  hosts: ['app.localhost'],
  development: true,
});
// No view reports the state of the other regions, so all count as healthy.
const affinity = createAffinity({ regions, trustUnknown: true });

createServer(affinity.node((_request, response) => response.end(`hello from ${regions.self}\n`))).listen(
  Number(process.env.PORT ?? 3001),
);
