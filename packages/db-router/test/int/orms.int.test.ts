import { EventEmitter } from 'node:events';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Lab } from '@regionkit/lab';
import connectPgSimple from 'connect-pg-simple';
import { sql as drizzleSql, eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, serial, text, withReplicas } from 'drizzle-orm/pg-core';
import session from 'express-session';
import knexFactory from 'knex';
import { type Generated, Kysely, PostgresDialect, sql } from 'kysely';
import { KyselyReplicationDialect } from 'kysely-replication';
import { RoundRobinReplicaStrategy } from 'kysely-replication/strategy/round-robin';
import PgBoss from 'pg-boss';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  eventually,
  expectNoLeak,
  failureOf,
  type Name,
  startLab,
  startRouter,
  type TestRouter,
  textsLike,
} from './lab.ts';

describe('ORMs on the router’s pools, unchanged, on real servers', () => {
  let lab: Lab<Name>;
  let router: TestRouter;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query(
      'CREATE TABLE session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)',
    );
    await lab.caughtUp();
  });
  afterAll(() => lab.close());

  const inEu = async (options?: Parameters<typeof startRouter>[2]) => {
    router = await startRouter(lab, 'eu', options);
    await eventually(
      () => router.explain('read').reason === 'local-replica' && router.explain('write').action !== 'hold',
    );
    return router;
  };
  const texts = (like: string) => textsLike(lab, like);
  const nothingLeaks = () => expectNoLeak(lab, router);

  it('Drizzle: BEGIN and body on one backend, rollback, withReplicas, and its own writes in a GET', async () => {
    const notes = pgTable('note', { id: serial('id').primaryKey(), text: text('text').notNull() });
    await inEu();
    const db = drizzle(router.pool);
    await db.transaction(async (tx) => {
      const pids = await Promise.all(
        [1, 2].map(() => tx.execute<{ pid: number }>(drizzleSql`SELECT pg_backend_pid() AS pid`)),
      );
      expect(pids[0]?.rows[0]?.pid).toBe(pids[1]?.rows[0]?.pid);
      await tx.insert(notes).values({ text: 'drizzle kept' });
    });
    await expect(
      db.transaction(async (tx) => {
        await tx.insert(notes).values({ text: 'drizzle undone' });
        tx.rollback();
      }),
    ).rejects.toThrow();
    expect(await texts('drizzle%')).toEqual(['drizzle kept']);

    const split = withReplicas(drizzle(router.primary), [drizzle(router.replica)]);
    const { rows } = await split.$primary.execute<{ r: boolean }>(drizzleSql`SELECT pg_is_in_recovery() AS r`);
    expect(rows[0]?.r).toBe(false);
    // Who reads without its token reads here that nothing was written.
    await lab.region('eu').pauseReplay();
    onTestFinished(() => lab.region('eu').resumeReplay());
    const token = await router.run({}, async () => {
      await db.transaction(async (tx) => void (await tx.insert(notes).values({ text: 'drizzle in a scope' })));
      expect(await split.select().from(notes).where(eq(notes.text, 'drizzle in a scope'))).toHaveLength(1);
      return router.token();
    });
    expect(token).toBeDefined();
    const seen = await router.run({ token, access: 'read' }, () =>
      db.select().from(notes).where(eq(notes.text, 'drizzle in a scope')),
    );
    expect(seen).toHaveLength(1);
    await nothingLeaks();
  });

  it('Drizzle: a refusal leaves no client behind', async () => {
    await inEu({ writes: 'reject' });
    const failure = await failureOf(drizzle(router.pool).transaction(async () => {}));
    expect(failure.code ?? (failure.cause as { code?: string }).code).toBe('ERR_NOT_PRIMARY_REGION');
    await nothingLeaks();
  });

  interface Database {
    note: { id: Generated<number>; text: string };
  }

  it('Kysely: transactions on one backend, rollback, and kysely-replication over both pools', async () => {
    await inEu();
    const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: router.pool }) });
    await db.transaction().execute(async (tx) => {
      const pid = async () => (await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx)).rows[0]?.pid;
      expect(await pid()).toBe(await pid());
      await tx.insertInto('note').values({ text: 'kysely kept' }).execute();
    });
    await expect(
      db.transaction().execute(async (tx) => {
        await tx.insertInto('note').values({ text: 'kysely undone' }).execute();
        throw new Error('undo');
      }),
    ).rejects.toThrow('undo');
    expect(await texts('kysely%')).toEqual(['kysely kept']);
    const split = new Kysely<Database>({
      dialect: new KyselyReplicationDialect({
        primaryDialect: new PostgresDialect({ pool: router.primary }),
        replicaDialects: [new PostgresDialect({ pool: router.replica })],
        replicaStrategy: new RoundRobinReplicaStrategy({ onTransaction: 'allow' }),
      }),
    });
    const token = await router.run({}, async () => {
      await split.insertInto('note').values({ text: 'kysely split' }).execute();
      const own = await split.selectFrom('note').select('text').where('text', '=', 'kysely split').execute();
      expect(own).toHaveLength(1);
      return router.token();
    });
    expect(token).toBeDefined();
    await nothingLeaks();
  });

  it('Prisma: its pg adapter takes the pool for a pool, and keeps a transaction on one backend', async () => {
    await inEu();
    const factory = new PrismaPg(router.pool);
    const adapter = await factory.connect();
    expect(adapter.underlyingDriver()).toBe(router.pool);
    const raw = (text: string) => ({ sql: text, args: [], argTypes: [] });
    const token = await router.run({}, async () => {
      const tx = await adapter.startTransaction('SERIALIZABLE');
      const pid = async () => (await tx.queryRaw(raw('SELECT pg_backend_pid()'))).rows[0]?.[0];
      expect(await pid()).toBe(await pid());
      expect(await tx.executeRaw(raw("INSERT INTO note (text) VALUES ('prisma kept')"))).toBe(1);
      await tx.executeRaw(raw('COMMIT'));
      await tx.commit();
      return router.token();
    });
    expect(token).toBeDefined();
    const undone = await adapter.startTransaction();
    await undone.executeRaw(raw("INSERT INTO note (text) VALUES ('prisma undone')"));
    await undone.executeRaw(raw('ROLLBACK'));
    await undone.rollback();
    expect(await texts('prisma%')).toEqual(['prisma kept']);
    const seen = await router.run({ token, access: 'read' }, () =>
      adapter.queryRaw(raw("SELECT text FROM note WHERE text = 'prisma kept'")),
    );
    expect(seen.rows).toEqual([['prisma kept']]);
    await adapter.dispose();
    expect(router.pool.ended).toBe(false);
    await nothingLeaks();
  });

  it('Knex: the router’s pool as its connectionPool', async () => {
    await inEu();
    const knex = knexFactory({ client: 'pg', connectionPool: router.pool } as never);
    await knex.transaction(async (tx) => {
      const pid = async () => (await tx.raw('SELECT pg_backend_pid() AS pid')).rows[0].pid;
      expect(await pid()).toBe(await pid());
      await tx('note').insert({ text: 'knex kept' });
    });
    await expect(
      knex.transaction(async (tx) => {
        await tx('note').insert({ text: 'knex undone' });
        throw new Error('undo');
      }),
    ).rejects.toThrow('undo');
    expect(await texts('knex%')).toEqual(['knex kept']);
    const read = await router.run(
      { access: 'read' },
      async () => (await knex.raw('SELECT pg_is_in_recovery() AS r')).rows,
    );
    expect(read).toEqual([{ r: true }]);
    await nothingLeaks();
  });

  it('pg-boss: jobs through its db option', async () => {
    await inEu();
    const boss = new PgBoss({
      db: { executeSql: (query, values) => router.primary.query(query, values as never) as never },
    });
    boss.on('error', () => {});
    await boss.start();
    onTestFinished(() => boss.stop({ graceful: false, wait: false }).catch(() => {}));
    await boss.createQueue('mail');
    const id = await boss.send('mail', { to: 'somebody' });
    const [job] = await boss.fetch('mail');
    expect(job?.id).toBe(id);
    await boss.complete('mail', job?.id as string);
    await nothingLeaks();
  });

  it('connect-pg-simple: sessions on the primary', async () => {
    await inEu();
    const Store = connectPgSimple(session);
    const store = new Store({ pool: router.primary, tableName: 'session', pruneSessionInterval: false });
    const call = <T>(run: (done: (error: unknown, value?: T) => void) => void) =>
      new Promise<T | undefined>((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));
    await call((done) => store.set('s1', { cookie: { maxAge: 60_000 }, user: 7 } as never, done));
    expect(await call((done) => store.get('s1', done as never))).toMatchObject({ user: 7 });
    await call((done) => store.destroy('s1', done));
    expect(await call((done) => store.get('s1', done as never))).toBeFalsy();
    await nothingLeaks();
  });

  it('keeps an ORM’s own handling of errors: what the server says passes through', async () => {
    await inEu();
    const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: router.pool }) });
    await db.insertInto('note').values({ text: 'unique' }).execute();
    await expect(db.insertInto('note').values({ text: 'unique' }).execute()).rejects.toMatchObject({
      code: '23505',
      constraint: 'note_text_key',
    });
    expect(router.pool).toBeInstanceOf(EventEmitter);
    await nothingLeaks();
  });
});
