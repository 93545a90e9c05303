import { honoSessions } from '@regionkit/session/hono';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { validator } from 'hono/validator';
import { createRegionKit } from 'regionkit';

/** Notes in two regions, on Hono; who has a session that was signed elsewhere may see who they are. */
export function createApp(environment: NodeJS.ProcessEnv) {
  const kit = createRegionKit({
    self: environment.REGION,
    regions: {
      'us-east-1': environment.US_ORIGIN ?? 'http://127.0.0.1:3001',
      'eu-west-1': environment.EU_ORIGIN ?? 'http://127.0.0.1:3002',
    },
    databaseUrl: environment.DATABASE_URL, // this region's own server
    secret: environment.REGION_SECRET,
    development: true, // one machine, plain http; not in production
    sessions: {
      keys: environment.JWKS_URL ?? 'https://auth.example.com/jwks.json',
      algorithms: ['ES256'],
      issuer: 'https://auth.example.com',
      audience: 'notes',
    },
  });
  const { router, regions, sessions } = kit;

  // CORS first: also a forwarded answer and an error need it. The gate before anything that reads the body: a write is
  // forwarded as it came.
  const app = new Hono();
  app.use(cors({ origin: 'https://www.example.com', credentials: true }));
  app.use(kit.hono());

  app.get('/notes', async (context) => {
    const { rows } = await router.read<{ text: string }>('select text from notes order by id');
    return context.json({ region: regions.self, notes: rows.map(({ text }) => text) });
  });
  const note = validator('json', ({ text }, context) =>
    typeof text === 'string' ? { text } : context.json({ error: 'a note is { "text": "…" }' }, 400),
  );
  app.post('/notes', note, async (context) => {
    const { text } = context.req.valid('json');
    await router.write('insert into notes (text, written_in) values ($1, $2)', [text, regions.self]);
    return context.json({ region: regions.self, text }, 201);
  });
  // Behind `require` the session is a variable of the context, with its type. Its token was verified above, once.
  const auth = honoSessions(sessions);
  app.get('/me', auth.require(), (context) => context.json({ region: regions.self, sub: context.var.session.sub }));
  return { app, kit };
}
