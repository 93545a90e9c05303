import { compose, defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { createHealth } from '@regionkit/health';
import { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';
import { Pool } from 'pg';

// The example wired by hand, with the server of its own region alone. `createRegionKit` refuses that on Lambda.
const secret = process.env.REGION_SECRET ?? '';
const regions = defineRegions({
  self: process.env.REGION,
  all: {
    'us-east-1': { origin: process.env.US_ORIGIN ?? '' },
    'eu-west-1': { origin: process.env.EU_ORIGIN ?? '' },
  },
  development: true,
});
// By their age alone, reports of the other region would count for over twenty seconds. A busy machine may be slow to answer.
const timeoutMs = 20_000;
const health = createHealth({ regions, peers: { secret, timeoutMs } });
const router = createRegionRouter({
  regions,
  pools: { [regions.self]: new Pool({ connectionString: process.env.DATABASE_URL, max: 2 }) },
  writes: 'forward',
  token: { secret },
  view: health.view,
  probe: { timeoutMs },
  coldStart: 'trust', // the first deployment
});
health.follow(router);
const gate = createWriteGate({ router, view: health.view, forward: { secret } });

const app = new Hono();
app.use(compose(health, gate).hono());
app.get('/notes', async (context) => {
  const { rows } = await router.read<{ text: string }>('select text from notes order by id');
  return context.json({ region: regions.self, notes: rows.map(({ text }) => text) });
});
app.post('/notes', async (context) => {
  const { text } = await context.req.json<{ text: string }>();
  await router.write('insert into notes (text, written_in) values ($1, $2)', [text, regions.self]);
  return context.json({ region: regions.self, text }, 201);
});

export const handler = handle(app);
