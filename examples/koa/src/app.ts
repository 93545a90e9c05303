import { bodyParser } from '@koa/bodyparser';
import cors from '@koa/cors';
import { Router } from '@koa/router';
import Koa from 'koa';
import { createRegionKit } from 'regionkit';

/** Notes in two regions, on Koa; the region cookie keeps a client in one of them. */
export function createApp(environment: NodeJS.ProcessEnv) {
  const kit = createRegionKit({
    self: environment.REGION,
    regions: {
      'us-east-1': environment.US_ORIGIN ?? 'http://127.0.0.1:3001',
      'eu-west-1': environment.EU_ORIGIN ?? 'http://127.0.0.1:3002',
    },
    hosts: ['app.localhost'], // the name behind the latency DNS
    databaseUrl: environment.DATABASE_URL, // this region's own server
    secret: environment.REGION_SECRET,
    development: true, // one machine, plain http; not in production
    affinity: { pin: true },
    // It sets a cookie and writes nothing, so it need not travel.
    gate: { isWrite: ({ path }) => (path.startsWith('/home/') ? false : undefined) },
  });
  const { router, regions } = kit;

  const routes = new Router();
  routes.get('/notes', async (context) => {
    const { rows } = await router.read<{ text: string }>('select text from notes order by id');
    context.body = { region: regions.self, notes: rows.map(({ text }) => text) };
  });
  routes.post('/notes', async (context) => {
    const { text } = (context.request.body ?? {}) as { readonly text?: unknown };
    if (typeof text !== 'string') return context.throw(400, 'a note is { "text": "…" }');
    await router.write('insert into notes (text, written_in) values ($1, $2)', [text, regions.self]);
    context.status = 201;
    context.body = { region: regions.self, text };
  });
  // A client that moves house is led there from its next visit on.
  routes.put('/home/:region', async (context) => {
    const region = regions.get(context.params.region ?? '');
    if (region === undefined) return context.throw(404);
    kit.affinity?.pin(region.name);
    context.status = 204;
  });

  // CORS first: also a forwarded answer and an error need it. Body parsers last: a write is forwarded as it came.
  const app = new Koa();
  app.use(cors({ origin: 'https://www.example.com', credentials: true }));
  app.use(kit.koa());
  app.use(bodyParser());
  app.use(routes.routes());
  return { app, kit };
}
