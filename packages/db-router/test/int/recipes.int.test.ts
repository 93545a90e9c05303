import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab } from '@regionkit/lab';
import { Logger, run as runWorker } from 'graphile-worker';
import knexFactory from 'knex';
import { runner as migrate } from 'node-pg-migrate';
import { Model } from 'objection';
import pgPromise from 'pg-promise';
import { DataSource, EntitySchema } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  eventually,
  expectNoLeak,
  type Name,
  readsLocally,
  startLab,
  startRouter,
  type TestRouter,
  textsLike,
} from './lab.ts';

/** The recipes of docs/orms.md, each with the library itself. */
describe('the recipes for libraries that make their pool by themselves, or want a client, on real servers', () => {
  let lab: Lab<Name>;
  let router: TestRouter;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query('GRANT CREATE ON DATABASE app TO app; GRANT CREATE ON SCHEMA public TO app');
    await lab.caughtUp();
  });
  afterAll(() => lab.close());

  const inEu = async (): Promise<TestRouter> => {
    router = await startRouter(lab, 'eu');
    await readsLocally(router);
    await eventually(() => router.explain('write').action === 'run');
    return router;
  };
  const texts = (like: string) => textsLike(lab, like);
  const nothingLeaks = () => expectNoLeak(lab, router);

  interface Note {
    id: number;
    text: string;
  }

  const Notes = new EntitySchema<Note>({
    name: 'note',
    columns: { id: { type: Number, primary: true, generated: true }, text: { type: String } },
  });

  it('TypeORM: a driver whose Pool is the router’s, with transactions, and its own writes in a GET', async () => {
    const { pool } = await inEu();
    function Pool(): typeof pool {
      return pool;
    }
    const db = new DataSource({ type: 'postgres', driver: { Pool }, entities: [Notes] });
    await db.initialize();
    onTestFinished(() => (db.isInitialized ? db.destroy() : undefined));
    const token = await router.run({}, async () => {
      await db.transaction(async (tx) => {
        const pids = await Promise.all([1, 2].map(() => tx.query('SELECT pg_backend_pid() AS pid')));
        expect(pids[0]).toEqual(pids[1]);
        await tx.getRepository(Notes).save({ text: 'typeorm kept' });
      });
      return router.token();
    });
    await expect(
      db.transaction(async (tx) => {
        await tx.getRepository(Notes).save({ text: 'typeorm undone' });
        throw new Error('undo');
      }),
    ).rejects.toThrow('undo');
    expect(await texts('typeorm%')).toEqual(['typeorm kept']);
    const seen = await router.run({ token, access: 'read' }, () =>
      db.getRepository(Notes).findBy({ text: 'typeorm kept' }),
    );
    expect(seen).toHaveLength(1);
    expect(await router.run({ access: 'read' }, () => db.query('SELECT pg_is_in_recovery() AS r'))).toEqual([
      { r: true },
    ]);
    await db.destroy();
    expect(router.wrapped.us?.ended).toBe(false);
    await nothingLeaks();
  });

  it('TypeORM: its own replication, on the primary and the replica of the router', async () => {
    const { primary, replica } = await inEu();
    function Pool({ host }: { readonly host?: string }): typeof primary {
      return host === 'replica' ? replica : primary;
    }
    const db = new DataSource({
      type: 'postgres',
      driver: { Pool },
      replication: { master: { host: 'primary' }, slaves: [{ host: 'replica' }] },
      entities: [Notes],
    });
    await db.initialize();
    onTestFinished(() => (db.isInitialized ? db.destroy() : undefined));
    await router.run({}, async () => {
      await db.getRepository(Notes).save({ text: 'typeorm replicated' });
      expect(await db.getRepository(Notes).findBy({ text: 'typeorm replicated' })).toHaveLength(1);
    });
    const reader = db.createQueryRunner('slave');
    expect(await reader.query('SELECT pg_is_in_recovery() AS r')).toEqual([{ r: true }]);
    await reader.release();
    await db.destroy();
    await nothingLeaks();
  });

  it('pg-promise: a Pool of its `pg` that is the router’s', async () => {
    const { pool } = await inEu();
    const pgp = pgPromise({ noWarnings: true });
    function Pool(): typeof pool {
      return pool;
    }
    Object.assign(pgp, { pg: Object.create(pgp.pg, { Pool: { value: Pool } }) });
    const db = pgp({});
    const token = await router.run({}, async () => {
      await db.tx(async (t) => {
        const pids = [await t.one('SELECT pg_backend_pid() AS pid'), await t.one('SELECT pg_backend_pid() AS pid')];
        expect(pids[0]).toEqual(pids[1]);
        await t.none('INSERT INTO note (text) VALUES ($1)', ['pg-promise kept']);
      });
      return router.token();
    });
    await expect(
      db.tx(async (t) => {
        await t.none('INSERT INTO note (text) VALUES ($1)', ['pg-promise undone']);
        throw new Error('undo');
      }),
    ).rejects.toThrow('undo');
    expect(await texts('pg-promise%')).toEqual(['pg-promise kept']);
    const seen = await router.run({ token, access: 'read' }, () =>
      db.any("SELECT text, pg_is_in_recovery() AS r FROM note WHERE text = 'pg-promise kept'"),
    );
    expect(seen).toHaveLength(1);
    await nothingLeaks();
  });

  it('graphile-worker: its queue on the primary', async () => {
    const { primary } = await inEu();
    const done: unknown[] = [];
    const worker = await runWorker({
      pgPool: primary,
      noHandleSignals: true,
      pollInterval: 100,
      crontab: ' ',
      logger: new Logger(() => () => {}),
      taskList: {
        mail: async (payload, { withPgClient }) => {
          await withPgClient((client) => client.query("INSERT INTO note (text) VALUES ('graphile kept')"));
          done.push(payload);
        },
      },
    });
    await worker.addJob('mail', { to: 'somebody' });
    await eventually(() => done.length === 1);
    await worker.stop();
    expect(done).toEqual([{ to: 'somebody' }]);
    expect(await texts('graphile%')).toEqual(['graphile kept']);
    await eventually(() => router.stats().leased === 0);
    await nothingLeaks();
  });

  it('node-pg-migrate: a client of the primary', async () => {
    const { primary } = await inEu();
    const dir = await mkdtemp(join(tmpdir(), 'regionkit-migrate-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    await writeFile(
      join(dir, '1700000000000_jobs.cjs'),
      "exports.up = (pgm) => { pgm.createTable('migrated', { id: 'id' }); }; exports.down = (pgm) => pgm.dropTable('migrated');",
    );
    const client = await primary.connect();
    const options = { dbClient: client, dir, migrationsTable: 'migrations', log: () => {} } as const;
    expect(await migrate({ ...options, direction: 'up' })).toHaveLength(1);
    expect(await lab.primary.query("SELECT to_regclass('migrated') IS NOT NULL AS there")).toEqual([{ there: true }]);
    expect(await migrate({ ...options, direction: 'up' })).toHaveLength(0);
    expect(await migrate({ ...options, direction: 'down' })).toHaveLength(1);
    client.release();
    await nothingLeaks();
  });

  it('Objection: Knex on the router’s pool', async () => {
    const { pool } = await inEu();
    const knex = knexFactory({ client: 'pg', connectionPool: pool } as never);
    class NoteModel extends Model {
      static override tableName = 'note';
      declare text: string;
    }
    const BoundNote = NoteModel.bindKnex(knex);
    await BoundNote.transaction(async (tx) => void (await BoundNote.query(tx).insert({ text: 'objection kept' })));
    await expect(
      BoundNote.transaction(async (tx) => {
        await BoundNote.query(tx).insert({ text: 'objection undone' });
        throw new Error('undo');
      }),
    ).rejects.toThrow('undo');
    expect(await texts('objection%')).toEqual(['objection kept']);
    const token = await router.run({}, async () => {
      await BoundNote.query().insert({ text: 'objection in a scope' });
      return router.token();
    });
    const seen = await router.run({ token, access: 'read' }, () =>
      BoundNote.query().where('text', 'objection in a scope'),
    );
    expect(seen).toHaveLength(1);
    await nothingLeaks();
  });

  it('Knex migrations: on the primary, under the lock of Knex', async () => {
    const { primary } = await inEu();
    const knex = knexFactory({ client: 'pg', connectionPool: primary } as never);
    const migrationSource = {
      getMigrations: async () => ['one'],
      getMigrationName: (name: string) => name,
      getMigration: async () => ({
        up: (db: typeof knex) => db.schema.createTable('knex_migrated', (table) => void table.increments()),
        down: (db: typeof knex) => db.schema.dropTable('knex_migrated'),
      }),
    };
    const [, ran] = await knex.migrate.latest({ migrationSource } as never);
    expect(ran).toEqual(['one']);
    expect(await lab.primary.query("SELECT to_regclass('knex_migrated') IS NOT NULL AS there")).toEqual([
      { there: true },
    ]);
    await knex.migrate.rollback({ migrationSource } as never);
    expect(await lab.primary.query("SELECT to_regclass('knex_migrated') IS NOT NULL AS there")).toEqual([
      { there: false },
    ]);
    await nothingLeaks();
  });
});
