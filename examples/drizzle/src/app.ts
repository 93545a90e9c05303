import { compose, defineRegions, regionKitErrorOf } from '@regionkit/core';
import { createRegionRouter, type WritePolicy } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { createHealth } from '@regionkit/health';
import { asc } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import express, { type ErrorRequestHandler } from 'express';
import { Pool } from 'pg';

const notes = pgTable('notes', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  text: text().notNull(),
  writtenIn: text('written_in').notNull(),
});

/** Notes in two regions, through Drizzle: it is given `router.pool` for its pool, and knows nothing of regions. */
export function createApp(environment: NodeJS.ProcessEnv) {
  const secret = environment.REGION_SECRET ?? '';
  const regions = defineRegions({
    self: environment.REGION,
    all: {
      'us-east-1': { origin: environment.US_ORIGIN ?? 'http://127.0.0.1:3001' },
      'eu-west-1': { origin: environment.EU_ORIGIN ?? 'http://127.0.0.1:3002' },
    },
    development: true, // one machine, plain http; not in production
  });
  const health = createHealth({ regions });
  const router = createRegionRouter({
    regions,
    // Both databases are within reach here, so nobody else has to tell which one takes the writes.
    pools: {
      'us-east-1': new Pool({ connectionString: environment.US_DATABASE_URL }),
      'eu-west-1': new Pool({ connectionString: environment.EU_DATABASE_URL }),
    },
    // What becomes of a write outside the primary's region: 'remote-pool', 'forward' or 'reject'.
    writes: (environment.WRITES ?? 'remote-pool') as WritePolicy,
    token: { secret },
  });
  const gate = createWriteGate({ router, forward: { secret } });
  const db = drizzle(router.pool);

  const app = express();
  app.use(compose(health, gate).express());
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
  return { app, health, router, gate };
}
