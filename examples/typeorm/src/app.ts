import cors from 'cors';
import express, { type ErrorRequestHandler } from 'express';
import { createRegionKit, regionKitErrorOf } from 'regionkit';
import { DataSource, EntitySchema } from 'typeorm';

interface Note {
  id: string;
  text: string;
  writtenIn: string;
}
const Notes = new EntitySchema<Note>({
  name: 'notes',
  columns: {
    id: { type: 'bigint', primary: true, generated: 'increment' },
    text: { type: 'text' },
    writtenIn: { type: 'text', name: 'written_in' },
  },
});

/** Notes in two regions, through TypeORM: the driver that it is given has the router's pool for its pool. */
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
  });
  const { router, regions } = kit;
  function Pool() {
    return router.pool;
  }
  const db = new DataSource({ type: 'postgres', driver: { Pool }, entities: [Notes] });
  // After `listen`: a region that starts is known to the others by then. Any server answers what TypeORM asks first.
  const start = async () => {
    await router.ready();
    await router.run({ access: 'read' }, () => db.initialize());
  };

  const app = express();
  app.use(cors({ origin: 'https://www.example.com', credentials: true }));
  app.use(kit.express());
  app.use(express.json());
  // In a GET the pool is the replica next door.
  app.get('/notes', async (_request, response) => {
    const found = await db.getRepository(Notes).find({ order: { id: 'ASC' } });
    response.json({ region: regions.self, notes: found.map(({ text }) => text) });
  });
  // A write that arrives elsewhere was forwarded here: the pool is the primary, for statements and for transactions.
  app.post('/notes', async (request, response) => {
    const { text } = request.body;
    if (typeof text !== 'string') return void response.status(400).json({ error: 'a note is { "text": "…" }' });
    await db.transaction((tx) => tx.getRepository(Notes).insert({ text, writtenIn: regions.self }));
    response.status(201).json({ region: regions.self, text });
  });

  // TypeORM wraps the error of a statement. The inner error has its own status and headers, and Express uses them.
  const unwrap: ErrorRequestHandler = (error: unknown, _request, _response, next) => {
    next(regionKitErrorOf(error) ?? error);
  };
  app.use(unwrap);
  return { app, kit, start };
}
