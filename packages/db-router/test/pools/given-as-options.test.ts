import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { EntitySchema, MikroORM } from '@mikro-orm/postgresql';
import { PrismaPg } from '@prisma/adapter-pg';
import { defineRegions } from '@regionkit/core';
import connectPgSimple from 'connect-pg-simple';
import { drizzle } from 'drizzle-orm/node-postgres';
import session from 'express-session';
import knexFactory from 'knex';
import pg from 'pg';
import PgBoss from 'pg-boss';
import pgPromise from 'pg-promise';
import { Sequelize } from 'sequelize';
import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRegionRouter, type RegionRouter } from '../../src/index.ts';

const TAKEN = 'a pool of the router, or the router, was used as the options of a connection';

/** How a library takes a pool for the options of a connection, and asks something. */
type Mistake = (pool: never) => Promise<unknown>;

const entities = [new EntitySchema({ name: 'note', properties: { id: { type: 'number', primary: true } } })];

/** The library reads the options by name. */
const READ: Readonly<Record<string, Mistake>> = {
  'a pg.Pool': async (pool) => new pg.Pool(pool).query('SELECT 1'),
  'a pg.Client': async (pool) => new pg.Client(pool).connect(),
  'the Prisma adapter with a second copy of pg': async (pool) => {
    const factory = new (await prismaOfAnotherPg())(pool);
    const adapter = await factory.connect();
    return adapter.queryRaw({ sql: 'SELECT 1', args: [], argTypes: [] });
  },
  'Drizzle, as connection': async (pool) => drizzle({ connection: pool }).execute('SELECT 1'),
  'Knex, as connection': async (pool) => knexFactory({ client: 'pg', connection: pool }).raw('SELECT 1'),
  'MikroORM, as connection of driverOptions': async (pool) =>
    MikroORM.init({ dbName: 'app', ensureDatabase: false, entities, driverOptions: { connection: pool } }),
  'Sequelize, in place of its options': async (pool) => new Sequelize(pool).query('SELECT 1'),
  'Sequelize, as pool': async (pool) => new Sequelize({ dialect: 'postgres', pool }).query('SELECT 1'),
  'Sequelize, as replication': async (pool) =>
    new Sequelize({ dialect: 'postgres', replication: { write: pool, read: [] } }).query('SELECT 1'),
  'connect-pg-simple, as conObject': async (pool) =>
    new Promise((resolve, reject) =>
      new (connectPgSimple(session))({ conObject: pool }).get('sid', (error, found) =>
        error ? reject(error) : resolve(found),
      ),
    ),
  'pg-promise': async (pool) => pgPromise({ noWarnings: true })(pool).any('SELECT 1'),
};

/** The library makes its options from a copy. */
const COPIED: Readonly<Record<string, Mistake>> = {
  'a spread in a pg.Pool': async (pool) => new pg.Pool({ ...(pool as pg.PoolConfig), max: 1 }).query('SELECT 1'),
  'a spread in a pg.Client': async (pool) => new pg.Client({ ...(pool as pg.ClientConfig) }).connect(),
  'TypeORM, as extra': async (pool) => new DataSource({ type: 'postgres', extra: pool }).initialize(),
  'TypeORM, as master': async (pool) =>
    new DataSource({ type: 'postgres', replication: { master: pool, slaves: [] } }).initialize(),
  'a spread in TypeORM': async (pool) => new DataSource({ type: 'postgres', ...(pool as object) }).initialize(),
  'a spread in Sequelize': async (pool) =>
    new Sequelize({ dialect: 'postgres', logging: false, ...(pool as object) }).query('SELECT 1'),
  'pg-boss': async (pool) => new PgBoss(pool).on('error', () => {}).start(),
};

describe('a pool of the router that a library takes for the options of a connection', () => {
  let router: RegionRouter<'us'>;
  let connections = 0;
  /** What answers where a library connects that was given no host. */
  const elsewhere = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('PGHOST', '127.0.0.1');
    vi.stubEnv('PGPORT', String((elsewhere.address() as AddressInfo).port));
    router = createRegionRouter({
      regions: defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } }),
      pools: { us: new pg.Pool({ host: 'nowhere.invalid' }) },
    });
  });
  afterEach(() => expect(connections).toBe(0));
  afterAll(async () => {
    vi.unstubAllEnvs();
    await router.close({ pools: true });
    await new Promise((resolve) => elsewhere.close(resolve));
  });
  const failureOf = (mistake: Mistake, given: unknown): Promise<Error> =>
    Promise.resolve()
      .then(() => mistake(given as never))
      .then(
        () => expect.fail('it connected'),
        (error) => error,
      );

  it.each(Object.entries(READ))('is refused with what to do: %s', async (_library, mistake) => {
    for (const pool of [router.primary, router.replica, router.pool]) {
      const { message } = await failureOf(mistake, pool);
      expect(message).toContain(TAKEN);
      expect(message).toContain('npm ls pg');
    }
  });

  it.each(Object.entries(COPIED))('leads its copy nowhere, and names the mistake: %s', async (_library, mistake) => {
    const { message } = await failureOf(mistake, router.pool);
    expect(message).toContain('a pool of the router was used as the options of a connection');
  });

  it.each(['a pg.Pool', 'a pg.Client', 'Drizzle, as connection'])(
    'is refused in the same way if it is the router: %s',
    async (library) => {
      const { message } = await failureOf(READ[library] as Mistake, router);
      expect(message).toContain(TAKEN);
    },
  );

  it('can be printed, written as JSON, compared, and copied by its fields, without an error', () => {
    for (const one of [router, router.pool]) {
      expect(() => [inspect(one), JSON.stringify({ one }), { ...one }, Object.entries(one)]).not.toThrow();
      expect(one).toEqual(one);
    }
    expect(new PrismaPg(router.pool)).toMatchObject({ externalPool: router.pool });
  });
});

/** The adapter as in a tree where another version of `pg` is installed beside the app's. */
async function prismaOfAnotherPg(): Promise<typeof PrismaPg> {
  const tree = await realpath(await mkdtemp(join(tmpdir(), 'another-pg-')));
  try {
    const here = createRequire(import.meta.url);
    const ofAdapter = here.resolve('@prisma/adapter-pg');
    const modules = join(tree, 'node_modules');
    await mkdir(join(modules, '@prisma'), { recursive: true });
    await cp(dirname(dirname(ofAdapter)), join(modules, '@prisma/adapter-pg'), { recursive: true });
    const link = async (name: string, user: string): Promise<void> => {
      const file = createRequire(user).resolve(name);
      const folder = `node_modules/${name}`;
      await symlink(file.slice(0, file.lastIndexOf(`${folder}/`) + folder.length), join(modules, name));
    };
    await link('@prisma/driver-adapter-utils', ofAdapter);
    await link('postgres-array', ofAdapter);
    // MikroORM has a version of its own.
    await link('pg', here.resolve('@mikro-orm/postgresql'));
    const require = createRequire(join(tree, 'app.js'));
    expect(require('pg').Pool).not.toBe(pg.Pool);
    return require('@prisma/adapter-pg').PrismaPg;
  } finally {
    await rm(tree, { recursive: true });
  }
}
