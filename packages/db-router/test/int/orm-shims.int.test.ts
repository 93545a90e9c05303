import { EventEmitter } from 'node:events';
import { MikroORM, EntitySchema as MikroSchema, PostgreSqlKnexDialect } from '@mikro-orm/postgresql';
import { regionKitErrorOf } from '@regionkit/core';
import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { DataTypes, QueryTypes, Sequelize, type Transaction } from 'sequelize';
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

/** What every ORM must be able to do, whatever its own pool is. */
interface Orm {
  write(text: string): Promise<unknown>;
  /** Writes twice on one connection, and returns the process id of each statement. */
  inTransaction(texts: readonly [string, string], then?: () => void): Promise<readonly number[]>;
  read(text: string): Promise<{ readonly found: number; readonly onReplica: boolean }>;
  close(): Promise<unknown>;
}

const ORMS: Readonly<Record<string, (router: TestRouter) => Promise<Orm>>> = {
  TypeORM,
  MikroORM: mikroOrm,
  Sequelize: sequelize,
};
const PID = 'SELECT pg_backend_pid() AS pid';
const WHERE = 'SELECT pg_is_in_recovery() AS r';

describe.each(Object.keys(ORMS))('%s on a router, in the region of a standby', (name) => {
  let lab: Lab<Name>;
  let router: TestRouter;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
  });
  afterAll(() => lab.close());

  const start = async (options: Parameters<typeof startRouter>[2] = {}): Promise<Orm> => {
    router = await startRouter(lab, 'eu', options);
    await readsLocally(router);
    // Any server answers what an ORM asks when it starts.
    const orm = await router.run({ access: 'read' }, () =>
      (ORMS[name] as (router: TestRouter) => Promise<Orm>)(router),
    );
    onTestFinished(async () => void (await orm.close()));
    return orm;
  };

  it('reads here, writes on the primary, and reads its own write with the token while the standby lags', async () => {
    const orm = await start();
    await eventually(() => router.explain('write').action === 'run');
    await lab.region('eu').pauseReplay();
    const token = await router.run({}, async () => {
      await orm.write('kept');
      return router.token();
    });
    const stale = await router.run({ access: 'read' }, () => orm.read('kept'));
    expect(stale).toEqual({ found: 0, onReplica: true });
    const own = await router.run({ token, access: 'read' }, () => orm.read('kept'));
    expect(own).toEqual({ found: 1, onReplica: false });
    await lab.region('eu').resumeReplay();
    await lab.caughtUp();
    await eventually(async () => {
      const { found, onReplica } = await router.run({ token, access: 'read' }, () => orm.read('kept'));
      return found === 1 && onReplica;
    });
    await expectNoLeak(lab, router);
  });

  it('runs a transaction on one connection, and leaves nothing of one that fails', async () => {
    const orm = await start();
    await eventually(() => router.explain('write').action === 'run');
    const pids = await router.run({}, () => orm.inTransaction(['both one', 'both two']));
    expect(new Set(pids).size).toBe(1);
    const undo = () => {
      throw new Error('undo');
    };
    await expect(router.run({}, () => orm.inTransaction(['undone one', 'undone two'], undo))).rejects.toThrow('undo');
    expect(await textsLike(lab, '%one')).toEqual(['both one']);
    await expectNoLeak(lab, router);
  });

  it('keeps requests that run at the same time apart', async () => {
    const orm = await start({ max: 2 });
    await eventually(() => router.explain('write').action === 'run');
    const each = Array.from({ length: 12 }, (_, at) => at);
    const seen = await Promise.all(
      each.map((at) =>
        at % 2 === 0
          ? router.run({ access: 'read' }, () => orm.read('nothing').then(({ onReplica }) => onReplica))
          : router.run({}, () => orm.write(`parallel ${at}`).then(() => true)),
      ),
    );
    expect(seen).toEqual(each.map(() => true));
    expect(await textsLike(lab, 'parallel%')).toHaveLength(6);
    await expectNoLeak(lab, router);
  });

  it('says of a write that it was refused, by the code and the status of the error', async () => {
    const orm = await start({ writes: 'reject' });
    await eventually(() => router.explain('write').action === 'reject');
    const refused = await router
      .run({}, () => orm.write('never'))
      .then(
        () => 'written',
        (error: unknown) => error,
      );
    // MikroORM copies the error, the others keep it.
    const shown = regionKitErrorOf(refused) ?? (name === 'MikroORM' ? refused : undefined);
    expect(shown).toMatchObject({ code: 'ERR_NOT_PRIMARY_REGION', status: 503, outcome: 'not-sent' });
    expect(await textsLike(lab, 'never')).toEqual([]);
  });
});

async function TypeORM({ pool }: TestRouter): Promise<Orm> {
  const Notes = new EntitySchema<{ id: number; text: string }>({
    name: 'note',
    columns: { id: { type: Number, primary: true, generated: true }, text: { type: String } },
  });
  function Pool(): typeof pool {
    return pool;
  }
  const db = new DataSource({ type: 'postgres', driver: { Pool }, entities: [Notes] });
  await db.initialize();
  return {
    write: (text) => db.getRepository(Notes).save({ text }),
    inTransaction: (texts, then) =>
      db.transaction(async (tx) => {
        const pids: number[] = [];
        for (const text of texts) {
          await tx.getRepository(Notes).save({ text });
          pids.push((await tx.query(PID))[0].pid);
        }
        then?.();
        return pids;
      }),
    read: async (text) => ({
      onReplica: (await db.query(WHERE))[0].r,
      found: await db.getRepository(Notes).countBy({ text }),
    }),
    close: () => db.destroy(),
  };
}

async function mikroOrm({ pool }: TestRouter): Promise<Orm> {
  const Notes = new MikroSchema<{ id: number; text: string }>({
    name: 'note',
    properties: { id: { type: 'number', primary: true }, text: { type: 'string' } },
  });
  class RouterDialect extends PostgreSqlKnexDialect {
    acquireConnection() {
      return pool.connect();
    }
    async releaseConnection(client: pg.PoolClient) {
      client.release();
    }
    _query(client: unknown, query: { options?: object }) {
      // MikroORM reads dates as text.
      query.options = { ...query.options, types: this.config.connection.types };
      return super._query(client, query);
    }
  }
  const orm = await MikroORM.init({
    dbName: 'app',
    ensureDatabase: false,
    entities: [Notes],
    driverOptions: { client: RouterDialect },
  });
  const fork = () => orm.em.fork();
  return {
    write: async (text) => fork().insert(Notes, { text } as never),
    inTransaction: (texts, then) =>
      fork().transactional(async (em) => {
        const pids: number[] = [];
        for (const text of texts) {
          await em.insert(Notes, { text } as never);
          pids.push((await em.execute<{ pid: number }[]>(PID))[0]?.pid ?? 0);
        }
        then?.();
        return pids;
      }),
    read: async (text) => {
      const em = fork();
      return {
        onReplica: (await em.execute<{ r: boolean }[]>(WHERE))[0]?.r ?? false,
        found: await em.count(Notes, { text }),
      };
    },
    close: () => orm.close(),
  };
}

async function sequelize(router: TestRouter): Promise<Orm> {
  class Client extends EventEmitter {
    readonly connection = new EventEmitter();
    readonly standard_conforming_strings = 'on';
    readonly #types: pg.CustomTypesConfig;
    #lease: Promise<pg.PoolClient> | undefined;

    constructor({ types }: { readonly types: pg.CustomTypesConfig }) {
      super();
      this.#types = types;
    }
    connect(done: () => void): void {
      done();
    }
    query(text: string, values?: unknown, done?: unknown): unknown {
      if (typeof values === 'function') return this.query(text, undefined, values);
      const query = { text, values: values as unknown[], types: this.#types };
      // What Sequelize asks when it makes a client is not part of what the client is made for.
      if (typeof done !== 'function') return router.pool.query(query);
      // In the scope of the statement: Sequelize may have made the client in that of another request.
      this.#lease ??= router.pool.connect();
      this.#lease
        .then((client) => client.query(query))
        .then(
          (result) => done(null, result),
          (error) => done(error),
        );
      return undefined;
    }
    end(done: () => void): void {
      const lease = this.#lease;
      this.#lease = undefined;
      Promise.resolve(lease).then(
        (client) => {
          client?.release();
          done();
        },
        () => done(),
      );
    }
  }
  const db = new Sequelize({
    dialect: 'postgres',
    dialectModule: { ...pg, Client },
    dialectOptions: { clientMinMessages: 'ignore' },
    databaseVersion: '15.0.0',
    keepDefaultTimezone: true,
    pool: { maxUses: 1, max: 20 },
    logging: false,
  } as never);
  const Note = db.define('note', { text: DataTypes.TEXT }, { timestamps: false, freezeTableName: true });
  const one = async <Row>(sql: string, transaction?: Transaction): Promise<Row> =>
    (await db.query(sql, { type: QueryTypes.SELECT, ...(transaction && { transaction }) }))[0] as Row;
  return {
    write: (text) => Note.create({ text }),
    inTransaction: (texts, then) =>
      db.transaction(async (transaction) => {
        const pids: number[] = [];
        for (const text of texts) {
          await Note.create({ text }, { transaction });
          pids.push((await one<{ pid: number }>(PID, transaction)).pid);
        }
        then?.();
        return pids;
      }),
    read: async (text) => ({
      onReplica: (await one<{ r: boolean }>(WHERE)).r,
      found: await Note.count({ where: { text } }),
    }),
    close: () => db.close(),
  };
}
