import { PrismaPg } from '@prisma/adapter-pg';
import type { Lab } from '@regionkit/lab';
import { sql as drizzleSql, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, serial, text as textColumn } from 'drizzle-orm/pg-core';
import knexFactory from 'knex';
import { CompiledQuery, type Generated, Kysely, PostgresDialect } from 'kysely';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createLedger, ledgerSql, type RunStatement } from '../../src/ledger/index.ts';
import { eventually, failureOf, type Name, startLab, startRouter, type TestRouter } from '../int/lab.ts';

/** A transaction of an ORM: how the ledger runs a statement in it, and how the app writes. */
interface OrmTransaction {
  readonly query: RunStatement;
  insert(text: string): Promise<number>;
}

/** As docs/orms.md has it. */
function statementOf(text: string, values: readonly unknown[]): SQL {
  const parts = text.split(/\$\d+/).map((part) => drizzleSql.raw(part));
  return drizzleSql.join(parts.flatMap((part, at) => (at === 0 ? [part] : [drizzleSql`${values[at - 1]}`, part])));
}

/** Runs `work` in a transaction of the ORM, which commits or rolls back. */
type InTransaction = <T>(work: (tx: OrmTransaction) => Promise<T>) => Promise<T>;

const ORMS: Readonly<Record<string, (router: TestRouter) => Promise<InTransaction>>> = {
  Kysely: async (router) => {
    const db = new Kysely<{ note: { id: Generated<number>; text: string } }>({
      dialect: new PostgresDialect({ pool: router.pool }),
    });
    return (work) =>
      db.transaction().execute((tx) =>
        work({
          query: async (text, values) => (await tx.executeQuery<object>(CompiledQuery.raw(text, [...values]))).rows,
          insert: async (text) =>
            (await tx.insertInto('note').values({ text }).returning('id').executeTakeFirstOrThrow()).id,
        }),
      );
  },
  Drizzle: async (router) => {
    const notes = pgTable('note', { id: serial('id').primaryKey(), text: textColumn('text').notNull() });
    const db = drizzle(router.pool);
    return (work) =>
      db.transaction((tx) =>
        work({
          query: async (text, values) => (await tx.execute(statementOf(text, values))).rows,
          insert: async (text) => (await tx.insert(notes).values({ text }).returning())[0]?.id ?? 0,
        }),
      );
  },
  Knex: async (router) => {
    const knex = knexFactory({ client: 'pg', connectionPool: router.pool } as never);
    return (work) =>
      knex.transaction((trx) =>
        work({
          query: async (text, values) => (await trx.raw(text.replace(/\$\d+/g, '?'), values as string[])).rows,
          insert: async (text) => (await trx('note').insert({ text }).returning('id'))[0].id,
        }),
      );
  },
  TypeORM: async (router) => {
    function Pool() {
      return router.pool;
    }
    const source = new DataSource({ type: 'postgres', driver: { Pool } });
    await source.initialize();
    return (work) =>
      source.transaction((manager) =>
        work({
          query: (text, values) => manager.query(text, [...values]),
          insert: async (text) =>
            (await manager.query('INSERT INTO note (text) VALUES ($1) RETURNING id', [text]))[0].id,
        }),
      );
  },
  'the adapter of Prisma': async (router) => {
    const adapter = await new PrismaPg(router.pool).connect();
    return async (work) => {
      const tx = await adapter.startTransaction();
      const query: RunStatement = async (sql, values) => {
        const { columnNames, rows } = await tx.queryRaw({
          sql,
          args: [...values],
          argTypes: values.map(() => ({ scalarType: 'string', arity: 'scalar' })),
        });
        return rows.map((row) => Object.fromEntries(columnNames.map((name, at) => [name, row[at]])));
      };
      try {
        const result = await work({
          query,
          insert: async (text) => {
            const [row] = await query('INSERT INTO note (text) VALUES ($1) RETURNING id', [text]);
            return (row as { id: number }).id;
          },
        });
        await tx.executeRaw({ sql: 'COMMIT', args: [], argTypes: [] });
        await tx.commit();
        return result;
      } catch (error) {
        await tx.executeRaw({ sql: 'ROLLBACK', args: [], argTypes: [] });
        await tx.rollback();
        throw error;
      }
    };
  },
};

describe('onceIn() in a transaction of an ORM on router.pool', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query(ledgerSql({ role: 'app' }));
    await lab.caughtUp();
  });
  afterAll(() => lab.close());
  const notes = async (like: string): Promise<number> =>
    (await lab.primary.query('SELECT count(*)::int AS n FROM note WHERE text LIKE $1', [like]))[0].n;
  const keys = async (key: string): Promise<number> =>
    (await lab.primary.query('SELECT count(*)::int AS n FROM regionkit.ledger WHERE key = $1', [key]))[0].n;

  const start = async (orm: string) => {
    const router = await startRouter(lab, 'us');
    await eventually(() => router.explain('write').action === 'run');
    const inTransaction = await (ORMS[orm] as (router: TestRouter) => Promise<InTransaction>)(router);
    return { router, ledger: createLedger(router), inTransaction };
  };

  it.each(Object.keys(ORMS))('%s: keeps the row with the write, and gives the first answer again', async (orm) => {
    const { router, ledger, inTransaction } = await start(orm);
    const key = `${orm} kept`;
    let runs = 0;
    const call = (fingerprint: string) =>
      inTransaction((tx) =>
        ledger.onceIn(
          tx.query,
          key,
          'ann',
          async () => {
            runs += 1;
            return { id: await tx.insert(key) };
          },
          { fingerprint },
        ),
      );
    const { first, token } = await router.run({}, async () => ({ first: await call('a'), token: router.token() }));
    expect(token).toBeDefined();
    expect(first.id).toBeGreaterThan(0);
    expect(await call('a')).toEqual(first);
    expect(await failureOf(call('b'))).toMatchObject({ code: 'ERR_IDEMPOTENCY_REUSED' });
    expect([runs, await notes(key), await keys(key)]).toEqual([1, 1, 1]);
  });

  it.each(Object.keys(ORMS))('%s: leaves neither of them if the write fails', async (orm) => {
    const { ledger, inTransaction } = await start(orm);
    const key = `${orm} undone`;
    const failing = inTransaction((tx) =>
      ledger.onceIn(tx.query, key, 'ann', async () => {
        await tx.insert(key);
        throw new Error('on purpose');
      }),
    );
    expect((await failureOf(failing)).message).toBe('on purpose');
    expect([await notes(key), await keys(key)]).toEqual([0, 0]);
    await inTransaction((tx) => ledger.onceIn(tx.query, key, 'ann', () => tx.insert(key)));
    expect([await notes(key), await keys(key)]).toEqual([1, 1]);
  });

  it.each(Object.keys(ORMS))(
    '%s: keeps nothing of a write that failed, even if the app catches its error',
    async (orm) => {
      const { ledger, inTransaction } = await start(orm);
      const key = `${orm} caught`;
      const caught = inTransaction(async (tx) => {
        await ledger
          .onceIn(tx.query, key, 'ann', async () => {
            await tx.insert(key);
            throw new Error('on purpose');
          })
          .catch(() => {});
      });
      await expect(caught).rejects.toThrow();
      expect([await notes(key), await keys(key)]).toEqual([0, 0]);
    },
  );

  it.each(['Kysely', 'Drizzle', 'TypeORM'])(
    '%s: keeps nothing of a write that has ended its transaction and begun another one',
    async (orm) => {
      const { ledger, inTransaction } = await start(orm);
      const key = `${orm} begun again`;
      for (const answer of [{ id: 1 }, undefined]) {
        const failing = inTransaction((tx) =>
          ledger.onceIn(tx.query, key, 'ann', async () => {
            await tx.query('ROLLBACK', []);
            await tx.query('BEGIN', []);
            await tx.insert(key);
            return answer;
          }),
        );
        expect(await failureOf(failing)).toMatchObject({ code: 'ERR_TRANSACTION_CONTROL', outcome: 'unknown' });
        expect([await notes(key), await keys(key)]).toEqual([0, 0]);
      }
    },
  );

  it('refuses statements that are not in one transaction, before anything is done', async () => {
    const router = await startRouter(lab, 'us');
    const ledger = createLedger(router);
    const query: RunStatement = async (text, values) => (await router.pool.query(text, [...values])).rows;
    let ran = false;
    const call = ledger.onceIn(query, 'alone', 'ann', async () => {
      ran = true;
    });
    await expect(call).rejects.toThrow(/must run in a transaction, so nothing was done/);
    const results = ledger.onceIn((async () => ({ rows: [] })) as never, 'alone', 'ann', async () => 1);
    await expect(results).rejects.toThrow(/must return the rows/);
    expect([ran, await keys('alone')]).toEqual([false, 0]);
  });

  it('runs once for 20 transactions at once, and refuses the others while the first runs', async () => {
    const { ledger, inTransaction } = await start('Kysely');
    let refused = 0;
    const call = async (): Promise<unknown> => {
      for (;;) {
        const result = await inTransaction((tx) =>
          ledger.onceIn(tx.query, 'at once', 'ann', async () => {
            const id = await tx.insert('at once');
            await tx.query('SELECT pg_sleep(0.05)', []);
            return id;
          }),
        ).catch((error) => error);
        if ((result as { code?: string }).code !== 'ERR_IDEMPOTENCY_IN_PROGRESS') return result;
        refused += 1;
      }
    };
    const answers = await Promise.all(Array.from({ length: 20 }, call));
    expect(new Set(answers).size).toBe(1);
    expect(refused).toBeGreaterThan(0);
    expect(await notes('at once')).toBe(1);
  });

  it('says that its table is missing, also through an ORM that wraps errors', async () => {
    await lab.primary.query('ALTER TABLE regionkit.ledger RENAME TO elsewhere');
    onTestFinished(() => lab.primary.query('ALTER TABLE regionkit.elsewhere RENAME TO ledger').then(() => {}));
    for (const orm of ['Kysely', 'Drizzle', 'Knex', 'TypeORM']) {
      const { ledger, inTransaction } = await start(orm);
      const call = inTransaction((tx) => ledger.onceIn(tx.query, 'no table', 'ann', async () => 1));
      expect(await failureOf(call), orm).toMatchObject({ code: 'ERR_LEDGER_TABLE' });
    }
  });
});
