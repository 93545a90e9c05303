import cors from '@fastify/cors';
import fastify from 'fastify';
import { createRegionKit } from 'regionkit';

const note = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', maxLength: 200 } },
} as const;

/** Notes in two regions, on Fastify; who may clear them says a session that was signed elsewhere. */
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

  // CORS first: also a forwarded answer and an error need it. On the root, so that every request is seen. They are hooks
  // of `onRequest`: Fastify parses a body later, so a write is forwarded as it came.
  const app = fastify();
  app.register(cors, { origin: 'https://www.example.com', credentials: true, strictPreflight: false });
  app.register(kit.fastify());

  app.get('/notes', async () => {
    const { rows } = await router.read<{ text: string }>('select text from notes order by id');
    return { region: regions.self, notes: rows.map(({ text }) => text) };
  });
  app.post<{ Body: { text: string } }>('/notes', { schema: { body: note } }, async (request, reply) => {
    const { text } = request.body;
    await router.write('insert into notes (text, written_in) values ($1, $2)', [text, regions.self]);
    return reply.code(201).send({ region: regions.self, text });
  });

  // What is registered inside a plugin stays inside: only these routes need the role.
  app.register((admin, _options, done) => {
    admin.register(sessions.require('admin').fastify());
    admin.delete('/notes', async (request) => {
      const { rowCount } = await router.write('delete from notes');
      return { region: regions.self, deleted: rowCount, by: sessions.of(request).sub };
    });
    done();
  });
  return { app, kit };
}
