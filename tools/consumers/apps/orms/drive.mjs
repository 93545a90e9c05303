import { strictEqual } from 'node:assert';
import { setTimeout } from 'node:timers/promises';
import { EntitySchema } from '@mikro-orm/postgresql';
import { PrismaPg } from '@prisma/adapter-pg';
import { createLab } from '@regionkit/lab';
import { sql as drizzleSql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pgPromise from 'pg-promise';
import { createRegionKit } from 'regionkit';
import { DataSource } from 'typeorm';
import { openMikroOrm, openSequelize } from './recipes.mjs';

/** How each library runs a text that ends with one value in parentheses. Returns the first row. */
const LIBRARIES = {
  Drizzle: ({ pool }) => {
    const db = drizzle(pool);
    return async (text, value) => (await db.execute(drizzleSql`${drizzleSql.raw(text)}(${value})`)).rows[0];
  },
  Kysely: ({ pool }) => {
    const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
    return async (text, value) => (await sql`${sql.raw(text)}(${value})`.execute(db)).rows[0];
  },
  Knex: ({ pool }) => {
    const db = knex({ client: 'pg', connectionPool: pool });
    return async (text, value) => (await db.raw(`${text}(?)`, [value])).rows[0];
  },
  Prisma: async ({ pool }) => {
    const db = await new PrismaPg(pool).connect();
    return async (text, value) => {
      const asked = { sql: `${text}($1)`, args: [value], argTypes: [{ scalarType: 'string', arity: 'scalar' }] };
      const { columnNames, rows } = await db.queryRaw(asked);
      return Object.fromEntries(columnNames.map((name, at) => [name, rows[0]?.[at]]));
    };
  },
  TypeORM: async ({ pool }) => {
    function Pool() {
      return pool;
    }
    const db = await new DataSource({ type: 'postgres', driver: { Pool } }).initialize();
    return async (text, value) => (await db.query(`${text}($1)`, [value]))[0];
  },
  MikroORM: async (router) => {
    const note = new EntitySchema({ name: 'note', properties: { text: { type: 'string', primary: true } } });
    const { em } = await openMikroOrm(router, [note]);
    return async (text, value) => (await em.getConnection().execute(`${text}(?)`, [value]))[0];
  },
  Sequelize: async (router) => {
    const db = await openSequelize(router);
    return async (text, value) => (await db.query(`${text}($1)`, { bind: [value], logging: false }))[0][0];
  },
  'pg-promise': ({ pool }) => {
    const pgp = pgPromise();
    function Pool() {
      return pool;
    }
    Object.assign(pgp, { pg: Object.create(pgp.pg, { Pool: { value: Pool } }) });
    const db = pgp({});
    return (text, value) => db.oneOrNone(`${text}($1)`, [value]);
  },
};

async function until(what, holds) {
  const endsAt = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > endsAt) throw new Error(`not in a minute: ${what}`);
    await setTimeout(20);
  }
}

/** In the region of a standby: a write goes to the primary, and a read with its token sees it, in the end at home. */
async function drive() {
  const lab = await createLab({ regions: ['us', 'eu'] });
  const kit = createRegionKit({
    self: 'eu',
    regions: { us: 'http://127.0.0.1:9', eu: 'http://127.0.0.1:10' }, // nothing is forwarded
    databaseUrls: {
      us: lab.region('us').connectionStringFrom('eu'),
      eu: lab.region('eu').connectionStringFrom('eu'),
    },
    secret: 'a secret of the consumers, long enough to sign with',
    development: true,
    router: { writes: 'remote-pool' },
  });
  const { router } = kit;
  try {
    await lab.primary.query('create table note (text text not null)');
    await lab.caughtUp();
    await until('the primary is known', () => router.explain('write').action === 'run');
    await until('reads are local', () => router.explain('read').reason === 'local-replica');
    for (const [name, open] of Object.entries(LIBRARIES)) {
      // Any server answers what a library asks when it starts.
      const ask = await router.run({ access: 'read' }, () => open(router));
      const token = await router.run({}, async () => {
        await ask('insert into note (text) values ', name);
        return router.token();
      });
      strictEqual(typeof token, 'string', name);
      const seen = () =>
        router.run({ token, access: 'read' }, () =>
          ask('select count(*)::int as found, pg_is_in_recovery() as standby from note where text = ', name),
        );
      await until(`${name} reads its own write at home`, async () => {
        const { found, standby } = await seen();
        strictEqual(found, 1, name);
        return standby;
      });
    }
    await until('every client is back', () => router.stats().leased === 0);
  } finally {
    await kit.close({ pools: true });
    await lab.close();
  }
}

drive().then(
  () => {
    process.stdout.write(`${Object.keys(LIBRARIES).join(', ')} write, and read it back at home`);
    // Some of the libraries have timers.
    process.exit();
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
