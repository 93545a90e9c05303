import { createLab, type Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AwsClients, secret } from '../../src/aws/index.ts';
import { loadConfig, rotatingClient } from '../../src/index.ts';
import { type FakeAws, type FakeSecret, fakeAws } from '../../src/testing/index.ts';
import { clientsOf, EU, regions, US } from '../aws/aws-support.ts';

const Db = z.object({ username: z.string(), password: z.string() });
type Login = z.infer<typeof Db>;

let lab: Lab<typeof US>;
let aws: FakeAws;
let clients: AwsClients;

beforeAll(async () => {
  lab = await createLab({ regions: [US], settings: { max_connections: 200 } });
});
afterAll(() => lab.close());
beforeEach(async () => {
  aws = await fakeAws({ regions: [US, EU] });
  clients = clientsOf(aws);
});
afterEach(async () => {
  clients.close();
  await aws.close();
});

const admin = (sql: string) => lab.region(US).query(sql);
const setPassword = async (text: string): Promise<void> => {
  const { username, password } = Db.parse(JSON.parse(text));
  await admin(`ALTER ROLE ${username} PASSWORD '${password}'`);
};
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
let names = 0;
const role = async (password: string): Promise<string> => {
  names += 1;
  await admin(`CREATE ROLE svc_${names} LOGIN PASSWORD '${password}'`);
  return `svc_${names}`;
};
const poolOptions = () => ({ host: '127.0.0.1', port: lab.region(US).port, database: 'app' });

/** Fifty clients that query all the time over connections that are soon replaced, until `stop`. */
function load(pool: pg.Pool): { stop(): Promise<{ readonly queries: number; readonly errors: readonly unknown[] }> } {
  let running = true;
  let queries = 0;
  const errors: unknown[] = [];
  const client = async (): Promise<void> => {
    while (running) {
      try {
        await pool.query('SELECT pg_sleep(0.01)');
        queries += 1;
      } catch (error) {
        errors.push(error);
      }
    }
  };
  const all = Promise.all(Array.from({ length: 50 }, client));
  return {
    stop: async () => {
      running = false;
      await all;
      return { queries, errors };
    },
  };
}

/** Everything an object leads to, as text: what a heap dump of it would show. */
function reachable(root: object): string {
  const seen = new Set<unknown>();
  const parts: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') parts.push(value);
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
    seen.add(value);
    for (const key of Reflect.ownKeys(value)) {
      const property = Reflect.getOwnPropertyDescriptor(value, key);
      if (property !== undefined && 'value' in property) visit(property.value);
    }
  };
  visit(root);
  return parts.join('\n');
}

const start = (db: FakeSecret, more: object = {}) =>
  loadConfig({ regions, fallbackRegions: [EU], sources: { db: secret(db.name, { schema: Db, clients }) }, ...more });

describe('while fifty clients query over connections that are replaced all the time', () => {
  test('rotating the password of one user fails no query, and leaves the old one nowhere in the pool', async () => {
    const username = await role('first');
    const db = aws.secret('db', { value: { username, password: 'first' } });
    await using config = await start(db);
    const Client = rotatingClient(pg.Client, config.ref('db'));
    const pool = new pg.Pool({ ...poolOptions(), Client, max: 50, maxUses: 5 });
    const running = load(pool);
    for (const password of ['second', 'third']) {
      await pause(300);
      await db.rotate({ username, password }, { setSecret: setPassword, testSecret: () => pause(700) });
    }
    await pause(300);
    const { queries, errors } = await running.stop();
    expect(errors).toEqual([]);
    expect(queries).toBeGreaterThan(50);
    expect(aws.region(US).calls.map(({ input }) => input['VersionStage'])).toContain('AWSPENDING');
    expect(await config.refresh('db')).not.toBe('failed');
    for (const old of ['first', 'second', 'third']) expect(reachable(pool).split('\n')).not.toContain(old);
    await pool.end();
  });

  test('alternating between two users fails no query, and never mixes their passwords', async () => {
    const users = [await role('first'), await role('unset')] as const;
    const db = aws.secret('db', { value: { username: users[0], password: 'first' } });
    await using config = await start(db);
    const Client = rotatingClient(pg.Client, config.ref('db'));
    const pool = new pg.Pool({ ...poolOptions(), Client, max: 50, maxUses: 5 });
    const running = load(pool);
    for (const [at, password] of ['second', 'third', 'fourth'].entries()) {
      await pause(300);
      const username = users[(at + 1) % 2] as string;
      await db.rotate({ username, password }, { setSecret: setPassword, testSecret: () => pause(300) });
    }
    await pause(300);
    const { queries, errors } = await running.stop();
    expect(errors).toEqual([]);
    expect(queries).toBeGreaterThan(50);
    await pool.end();
  });
});

test('the newest password is found in another region when the own replica of the secret lags', async () => {
  const username = await role('first');
  const db = aws.secret('db', { region: EU, value: { username, password: 'first' } });
  await using config = await start(db);
  const Client = rotatingClient(pg.Client, config.ref('db'));
  db.pauseReplication(US);
  await db.rotate({ username, password: 'second' }, { setSecret: setPassword });
  const client = new Client(poolOptions());
  await client.connect();
  expect((await client.query('SELECT current_user AS name')).rows).toEqual([{ name: username }]);
  await client.end();
  expect(config.get('db').password).toBe('second');
});

test('the previous password is found when the database has not heard of the current one yet', async () => {
  const username = await role('first');
  const db = aws.secret('db', { value: { username, password: 'first' } });
  db.put({ username, password: 'second' });
  await using config = await start(db);
  const client = new (rotatingClient(pg.Client, config.ref('db')))(poolOptions());
  const queued = client.query('SELECT 1 AS one');
  await client.connect();
  expect((await queued).rows).toEqual([{ one: 1 }]);
  await client.end();
});

test('a password that is wrong everywhere fails with what PostgreSQL said, within the budget', async () => {
  const username = await role('right');
  const db = aws.secret('db', { value: { username, password: 'wrong' } });
  await using config = await start(db);
  const Client = rotatingClient(pg.Client, config.ref('db'), { budgetMs: 300 });
  const pool = new pg.Pool({ ...poolOptions(), Client });
  await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  await pool.end();
  const client = new Client(poolOptions());
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  const queued = client.query('SELECT 1').catch(() => 'failed');
  await new Promise<void>((resolve) => {
    client.connect((error: Error) => {
      expect((error as Error & { code: string }).code).toBe('28P01');
      resolve();
    });
  });
  expect(await queued).toBe('failed');
  await ended;
});

test('other failures to connect are told at once, and nobody is asked for another password', async () => {
  const username = await role('first');
  const db = aws.secret('db', { value: { username, password: 'first' } });
  await using config = await start(db);
  const before = aws.region(US).calls.length;
  const Client = rotatingClient(pg.Client, config.ref('db'));
  const client = new Client({ ...poolOptions(), database: 'none' });
  await expect(client.connect()).rejects.toMatchObject({ code: '3D000' });
  expect(aws.region(US).calls).toHaveLength(before);
});

test('user and password of a connection string give way to those of the value', async () => {
  const username = await role('first');
  const db = aws.secret('db', { value: { username, password: 'first' } satisfies Login });
  await using config = await start(db);
  const Client = rotatingClient(pg.Client, config.ref('db'));
  const { host, port, database } = poolOptions();
  const client = new Client({ connectionString: `postgres://nobody:nothing@${host}:${port}/${database}` });
  await client.connect();
  expect((await client.query('SELECT current_user AS name')).rows).toEqual([{ name: username }]);
  await client.end();
});

test('a value without a password fails the connection, not the process', async () => {
  await using config = await loadConfig({ sources: { db: { load: () => ({ value: { username: 'app' } }) } } });
  const pool = new pg.Pool({ ...poolOptions(), Client: rotatingClient(pg.Client, config.ref('db')) });
  await expect(pool.query('SELECT 1')).rejects.toThrow('the value has no password');
  await pool.end();
});
