import { asc } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import express, { type ErrorRequestHandler } from 'express';
import { createRegionKit, regionKitErrorOf } from 'regionkit';
import type { WritePolicy } from 'regionkit/db-router';

const notes = pgTable('notes', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  text: text().notNull(),
  writtenIn: text('written_in').notNull(),
});

/** Notes in two regions, through Drizzle: it is given `kit.router.pool` for its pool, and knows nothing of regions. */
export function createApp(environment: NodeJS.ProcessEnv) {
  const kit = createRegionKit({
    self: environment.REGION,
    regions: {
      'us-east-1': environment.US_ORIGIN ?? 'http://127.0.0.1:3001',
      'eu-west-1': environment.EU_ORIGIN ?? 'http://127.0.0.1:3002',
    },
    // Both databases are within reach here: 'remote-pool' needs that.
    databaseUrls: { 'us-east-1': environment.US_DATABASE_URL, 'eu-west-1': environment.EU_DATABASE_URL },
    secret: environment.REGION_SECRET,
    development: true, // one machine, plain http; not in production
    // What becomes of a write outside the primary's region: 'remote-pool', 'forward' or 'reject'.
    router: { writes: (environment.WRITES ?? 'remote-pool') as WritePolicy },
  });
  const { regions } = kit;
  const db = drizzle(kit.router.pool);

  const app = express();
  app.use(kit.express());
  app.use(express.json());

  // In a GET the pool is the replica next door.
  app.get('/notes', async (_request, response) => {
    const rows = await db.select().from(notes).orderBy(asc(notes.id));
    response.json({ region: regions.self, notes: rows.map((row) => row.text) });
  });
  // Everywhere else it is the primary, wherever that is, for single statements and for transactions.
  app.post('/notes', async (request, response) => {
    const all: string[] = request.body.notes;
    const count = await db.transaction(async (tx) => {
      for (const each of all) await tx.insert(notes).values({ text: each, writtenIn: regions.self });
      return tx.$count(notes);
    });
    response.status(201).json({ region: regions.self, count });
  });
  // A GET that writes. Under 'remote-pool' it runs on the primary. Otherwise name it in the gate's `isWrite`, and it is
  // treated as a write from the start; this one is not named, so outside the primary's region it is refused.
  app.get('/visit', async (_request, response) => {
    await db.insert(notes).values({ text: 'somebody was here', writtenIn: regions.self });
    response.json({ region: regions.self });
  });

  // Drizzle wraps what a statement threw. Express answers rightly what is inside: it says its own status and headers.
  const unwrap: ErrorRequestHandler = (error: unknown, _request, _response, next) => {
    next(regionKitErrorOf(error) ?? error);
  };
  app.use(unwrap);
  return { app, kit };
}
