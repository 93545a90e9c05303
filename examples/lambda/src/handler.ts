import { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';
import { createRegionKit } from 'regionkit';

// Once for each container. Lambda freezes it between two requests: no probe and no timer runs then.
const kit = createRegionKit({
  self: process.env.REGION,
  regions: {
    'us-east-1': process.env.US_ORIGIN ?? 'http://127.0.0.1:3001', // the HTTP API of each region, by its own name
    'eu-west-1': process.env.EU_ORIGIN ?? 'http://127.0.0.1:3002',
  },
  // Every server: after a freeze a container asks them which one is the primary, before its next write.
  databaseUrls: { 'us-east-1': process.env.US_DATABASE_URL, 'eu-west-1': process.env.EU_DATABASE_URL },
  poolConfig: { max: 2 }, // a container serves one request at a time; the second is for probes
  secret: process.env.REGION_SECRET,
  development: true, // one machine, plain http; not in production
});
const { router, regions } = kit;

const app = new Hono();
app.use(kit.hono());
app.get('/notes', async (context) => {
  const { rows } = await router.read<{ text: string }>('select text from notes order by id');
  return context.json({ region: regions.self, notes: rows.map(({ text }) => text) });
});
app.post('/notes', async (context) => {
  const { text } = await context.req.json<{ text: string }>();
  await router.write('insert into notes (text, written_in) values ($1, $2)', [text, regions.self]);
  return context.json({ region: regions.self, text }, 201);
});

/** What the HTTP API calls, with the format of payload 2.0. There is no `kit.drain`: no signal ends a container. */
export const handler = handle(app);
