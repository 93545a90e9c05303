import { defineRegions } from '@regionkit/core';
import { CompiledQuery, type Generated, Kysely, sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import Cursor from 'pg-cursor';
import { newDb } from 'pg-mem';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRegionRouter, type RegionRouter } from '../../src/index.ts';
import { asReads, regionDialect } from '../../src/kysely/index.ts';
import { isRead } from '../../src/kysely/is-read.ts';
import { createMemoryRegions, type MemoryRegions } from '../../src/testing/index.ts';

interface Database {
  pet: { id: Generated<number>; name: string; owner: number | null };
}
type Name = 'us' | 'eu';

let memory: MemoryRegions<Name>;
let router: RegionRouter<Name>;
let db: Kysely<Database>;
const asked: string[] = [];
const pg = newDb();
pg.public.none('CREATE TABLE pet (id serial PRIMARY KEY, name text, owner int)');

beforeAll(async () => {
  memory = createMemoryRegions<Name>({ db: pg, regions: ['us', 'eu'] });
  const regions = defineRegions({
    self: 'eu' as Name,
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
    hosts: ['example.com'],
  });
  router = createRegionRouter({ regions, pools: memory.pools, coldStart: 'trust', writes: 'remote-pool' });
  await router.primary.query('SELECT 1');
  for (const name of ['us', 'eu'] as const)
    memory.pools[name].on('acquire', () => {
      asked.push(name);
    });
  db = new Kysely<Database>({ dialect: regionDialect({ router, cursor: Cursor }) });
});
afterEach(() => {
  asked.length = 0;
});
afterAll(async () => {
  await db.destroy();
  await router.close();
  await memory.close();
});

describe('isRead()', () => {
  const pets = () => db.selectFrom('pet');
  const reads = (query: { toOperationNode(): Parameters<typeof isRead>[0] }) => isRead(query.toOperationNode());

  it.each<[string, () => { toOperationNode(): never } | unknown]>([
    ['a plain select', () => pets().selectAll()],
    ['conditions and order', () => pets().select('id').where('name', 'like', 'a%').orderBy('id').limit(2).offset(1)],
    [
      'aggregates',
      () =>
        pets()
          .select(({ fn }) => [fn.countAll().as('n'), fn.max('id').as('m')])
          .groupBy('name')
          .having('name', '!=', 'x'),
    ],
    [
      'a join and a subquery',
      () => pets().innerJoin('pet as p', 'p.id', 'pet.owner').where('pet.id', 'in', pets().select('id')).select('p.id'),
    ],
    [
      'a common table expression',
      () =>
        db
          .with('p', (q) => q.selectFrom('pet').select('id'))
          .selectFrom('p')
          .selectAll(),
    ],
    ['a union', () => pets().select('id').union(pets().select('id'))],
    ['distinct', () => pets().select('id').distinct()],
    [
      'raw text that reads',
      () => pets().select(sql<string>`lower(name) || ' (' || coalesce(name, 'x') || ')'`.as('x')),
    ],
    [
      'raw text with a subquery',
      () => pets().select(sql<number>`(select count(*) from pet where id in (${1}))`.as('n')),
    ],
    ['a case', () => pets().select((q) => q.case().when('id', '=', 1).then('a').else('b').end().as('x'))],
    [
      'json helpers',
      () =>
        pets().select((q) =>
          jsonArrayFrom(q.selectFrom('pet as c').select('c.id').whereRef('c.owner', '=', 'pet.id')).as('c'),
        ),
    ],
    ['a value that looks like a write', () => pets().select('id').where('name', '=', 'insert into pet; --')],
    [
      'a value that looks like a node',
      () =>
        pets()
          .select('id')
          .where('name', '=', { kind: 'DeleteQueryNode' } as never),
    ],
    [
      'a window',
      () =>
        pets().select(({ fn }) =>
          fn
            .agg<number>('rank')
            .over((o) => o.partitionBy('name').orderBy('id'))
            .as('r'),
        ),
    ],
    ['a dynamic reference', () => pets().select(db.dynamic.ref<'id'>('id'))],
  ])('%s', (_what, query) => {
    expect(reads((query as () => never)())).toBe(true);
  });

  it.each<[string, () => unknown]>([
    ['insert', () => db.insertInto('pet').values({ name: 'a', owner: null })],
    ['update', () => db.updateTable('pet').set({ name: 'b' })],
    ['delete', () => db.deleteFrom('pet')],
    ['raw SQL', () => sql`select 1`],
    ['for update', () => pets().selectAll().forUpdate()],
    ['for share, skip locked', () => pets().selectAll().forShare().skipLocked()],
    ['a raw lock', () => pets().selectAll().modifyEnd(sql`for no key update`)],
    [
      'a common table expression that writes',
      () =>
        db
          .with('d', (q) => q.deleteFrom('pet').returning('id'))
          .selectFrom('d')
          .selectAll(),
    ],
    [
      'a raw common table expression that writes',
      () =>
        db
          .with('d', () => sql<{ id: number }>`(delete from pet returning id)`)
          .selectFrom('d')
          .selectAll(),
    ],
    ['an unknown function', () => pets().select(({ fn }) => fn<number>('next_ticket').as('n'))],
    ['an unknown function in a schema', () => pets().select(({ fn }) => fn<number>('app.lower').as('n'))],
    ['an unknown aggregate', () => pets().select(({ fn }) => fn.agg<number>('collect').as('n'))],
    ['an unknown function in raw text', () => pets().select(sql`nextval('pet_id_seq')`.as('n'))],
    ['a quoted function of another schema', () => pets().select(sql`"app"."lower"(name)`.as('n'))],
    ['a name outside ASCII', () => pets().select(sql`é(name)`.as('n'))],
    ['a name and its parenthesis in two parts', () => pets().select(sql`${sql.raw('nextval')}(${'s'})`.as('n'))],
    [
      'a name and its parenthesis in two nested parts',
      () => pets().select(sql`${sql.raw('nextval')}${sql.raw("('s')")}`.as('n')),
    ],
    [
      'a name that is written in code points',
      () => pets().select(sql.raw(`U&"next!0076al" UESCAPE '!' ('s')`).as('n') as never),
    ],
    [
      'a raw lock in two parts',
      () =>
        pets()
          .selectAll()
          .modifyEnd(sql`for ${sql.raw('share')}`),
    ],
    ['a parenthesis in a nested part', () => pets().select(sql`nextval${sql.raw("('s')")}`.as('n'))],
    ['a comment that hides a quote', () => pets().select(sql`1 /* ' */, nextval('s') /* ' */`.as('n'))],
    ['an escaped quote', () => pets().select(sql`E'\\', nextval('s'), '`.as('n'))],
    ['a dollar quote', () => pets().select(sql`$$ ' $$, nextval($$s$$)`.as('n'))],
    ['select into', () => pets().select(sql`1 into copy`.as('n'))],
    [
      'explain',
      () => ({
        toOperationNode: () => ({ ...pets().selectAll().toOperationNode(), explain: { kind: 'ExplainNode' } }),
      }),
    ],
    ['the catalog', () => sql`x` && db.selectFrom('pg_catalog.pg_class' as never).selectAll()],
    ['tables of migrations', () => db.selectFrom('kysely_migration' as never).selectAll()],
    [
      'a kind of node that does not exist yet',
      () => ({ toOperationNode: () => ({ ...pets().toOperationNode(), later: { kind: 'LaterNode' } }) }),
    ],
  ])('not %s', (_what, query) => {
    expect(reads((query as () => never)())).toBe(false);
  });
});

describe('regionDialect()', () => {
  it('sends a select to the standby of this region and everything else to the primary', async () => {
    const { id } = await db
      .insertInto('pet')
      .values({ name: 'cat', owner: null })
      .returning('id')
      .executeTakeFirstOrThrow();
    expect(asked).toEqual(['us']);
    const rows = await db.selectFrom('pet').select(['id', 'name']).where('id', '=', id).execute();
    expect(rows).toEqual([{ id, name: 'cat' }]);
    expect(asked).toEqual(['us', 'eu']);
    const result = await db.updateTable('pet').set({ name: 'dog' }).where('id', '=', id).executeTakeFirst();
    expect(result.numUpdatedRows).toBe(1n);
    expect(asked).toEqual(['us', 'eu', 'us']);
  });

  it('runs raw SQL on the primary, unless it is marked', async () => {
    const standby = sql<{ standby: boolean }>`SELECT pg_is_in_recovery() AS standby`;
    expect((await standby.execute(db)).rows).toEqual([{ standby: false }]);
    expect((await standby.execute(asReads(db))).rows).toEqual([{ standby: true }]);
    expect(await asReads(db).selectFrom('pet').select(sql`pg_is_in_recovery()`.as('s')).limit(1).execute()).toEqual([
      { s: true },
    ]);
    expect((await db.executeQuery(CompiledQuery.raw('SELECT pg_is_in_recovery() AS standby'))).rows).toEqual([
      { standby: false },
    ]);
  });

  it('runs a marked statement that writes on the primary', async () => {
    await sql`INSERT INTO pet (name) VALUES ('marked')`.execute(asReads(db));
    expect(pg.public.many("SELECT name FROM pet WHERE name = 'marked'")).toHaveLength(1);
  });

  it('keeps a transaction on one connection of the primary, with its reads', async () => {
    await db.transaction().execute(async (tx) => {
      await tx.insertInto('pet').values({ name: 'in tx', owner: null }).execute();
      expect(await tx.selectFrom('pet').select('id').where('name', '=', 'in tx').execute()).toHaveLength(1);
    });
    expect(asked).toEqual(['us']);
    const undone = db.transaction().execute(async (tx) => {
      await tx.insertInto('pet').values({ name: 'undone', owner: null }).execute();
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    expect(pg.public.many("SELECT id FROM pet WHERE name = 'undone'")).toEqual([]);
    const controlled = await db.startTransaction().execute();
    await controlled.insertInto('pet').values({ name: 'kept', owner: null }).execute();
    const after = await controlled.savepoint('a').execute();
    await after.insertInto('pet').values({ name: 'not kept', owner: null }).execute();
    await after.rollbackToSavepoint('a').execute();
    await after.commit().execute();
    expect(pg.public.many("SELECT name FROM pet WHERE name LIKE '%kept'")).toEqual([{ name: 'kept' }]);
  });

  it('runs a read-only transaction on a standby, and a serializable one on the primary', async () => {
    const where = async (isolation: 'repeatable read' | 'serializable') =>
      db
        .transaction()
        .setAccessMode('read only')
        .setIsolationLevel(isolation)
        .execute(async (tx) => (await sql<{ s: boolean }>`SELECT pg_is_in_recovery() AS s`.execute(tx)).rows[0]?.s);
    expect(await where('repeatable read')).toBe(true);
    expect(await where('serializable')).toBe(false);
  });

  it('stays on the primary in a connection of the app, once something else than a read ran there', async () => {
    await db.connection().execute(async (one) => {
      await one.selectFrom('pet').select('id').execute();
      await sql`SET search_path = public`.execute(one);
      await one.selectFrom('pet').select('id').execute();
      await one.insertInto('pet').values({ name: 'pinned', owner: null }).execute();
    });
    expect(asked).toEqual(['eu', 'us']);
  });

  it('streams from a standby, and from the primary in a transaction', async () => {
    const names = async (from: Kysely<Database>) => {
      const list: string[] = [];
      for await (const { name } of from.selectFrom('pet').select('name').orderBy('id').stream(2)) list.push(name);
      return list;
    };
    const all = await names(db);
    expect(all.length).toBeGreaterThan(2);
    expect(asked).toEqual(['eu']);
    expect(await db.transaction().execute(names)).toEqual(all);
    expect(asked).toEqual(['eu', 'us']);
  });

  it('serves a client its own write while the standby lags', async () => {
    memory.region('eu').pauseReplay();
    try {
      await router.run({}, async () => {
        await db.insertInto('pet').values({ name: 'own', owner: null }).execute();
        expect(await db.selectFrom('pet').select('id').where('name', '=', 'own').execute()).toHaveLength(1);
      });
      expect(await db.selectFrom('pet').select('id').where('name', '=', 'own').execute()).toHaveLength(0);
    } finally {
      memory.region('eu').resumeReplay();
    }
  });

  it('lets Kysely log every statement, also BEGIN, COMMIT and savepoints', async () => {
    const logged: string[] = [];
    const dialect = regionDialect({ router });
    const loud = new Kysely<Database>({ dialect, log: ({ query }) => void logged.push(query.sql) });
    await loud.transaction().execute(async (tx) => void (await tx.selectFrom('pet').select('id').limit(1).execute()));
    const controlled = await loud.startTransaction().execute();
    await (await controlled.savepoint('a').execute()).rollback().execute();
    expect(logged).toEqual([
      'begin',
      'select "id" from "pet" limit $1',
      'commit',
      'begin',
      'savepoint "a"',
      'rollback',
    ]);
  });

  it('leaves no client behind, and ends nothing of the router', async () => {
    await db
      .selectFrom('nothing' as never)
      .selectAll()
      .execute()
      .catch(() => {});
    expect(router.stats().leased).toBe(0);
    const other = new Kysely<Database>({ dialect: regionDialect({ router }) });
    await other.selectFrom('pet').select('id').execute();
    await other.destroy();
    await db.selectFrom('pet').select('id').execute();
  });

  it('refuses what is no router', () => {
    expect(() => regionDialect({ router: {} as never })).toThrow(/createRegionRouter/);
    expect(() => regionDialect({ router, pool: 1 } as never)).toThrow(/pool/);
  });
});
