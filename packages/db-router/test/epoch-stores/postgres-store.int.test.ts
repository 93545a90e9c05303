import net, { type AddressInfo } from 'node:net';
import { createLab, type Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresEpochStore } from '../../src/epoch-stores/postgres.ts';
import { writeStored } from '../../src/monitor/stored.ts';
import { describeEpochStore } from './epoch-store.contract.ts';

let lab: Lab<'us' | 'eu'>;
beforeAll(async () => {
  lab = await createLab({ regions: ['us', 'eu'] });
  await lab.primary.query('CREATE SCHEMA kept');
  await lab.primary.query('CREATE TABLE kept.regionkit_epoch (name text PRIMARY KEY, value text NOT NULL)');
  await lab.primary.query("CREATE ROLE reader LOGIN PASSWORD 'the-password-of-a-reader'");
  await lab.primary.query('GRANT USAGE ON SCHEMA kept TO reader, app');
  await lab.primary.query('GRANT SELECT, INSERT, UPDATE ON kept.regionkit_epoch TO app');
});
afterAll(() => lab.close());

const TABLE = 'kept.regionkit_epoch';

describeEpochStore('postgresEpochStore()', async () => {
  await lab.primary.query(`TRUNCATE ${TABLE}`);
  const real = new URL(lab.region('us').connectionString);
  let kind: string | undefined;
  const sockets = new Set<net.Socket>();
  // Between the stores and the server, so that an answer can be lost.
  const wire = net.createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    if (kind === 'down') return client.destroy();
    const server = net.connect(Number(real.port), real.hostname);
    server.on('error', () => client.destroy());
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    client.on('data', (data) => {
      if (kind === 'hang') return;
      if (kind === 'down') return void client.destroy();
      server.write(data);
    });
    server.on('data', (data) => {
      // The row of an update, or of an insert: it was done.
      if (kind === 'lost-answer' && /UPDATE 1|INSERT 0 1/.test(data.toString('latin1'))) return void client.destroy();
      client.write(data);
    });
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  const url = new URL(real);
  url.port = String((wire.address() as AddressInfo).port);
  const pools: pg.Pool[] = [];
  return {
    open: () => {
      const pool = new pg.Pool({ connectionString: String(url), max: 1, connectionTimeoutMillis: 2_000 });
      pools.push(pool);
      return postgresEpochStore({ pool, table: TABLE, timeoutMs: 3_000 });
    },
    faults: { hang: 'timeout', down: 'unavailable', 'lost-answer': undefined },
    fault: (wanted) => {
      kind = wanted;
    },
    heal: () => {
      kind = undefined;
    },
    put: async (value) => {
      // A text of PostgreSQL holds no zero byte, and nothing that is not UTF-8.
      const text = Buffer.from(value as string)
        .toString('latin1')
        .replaceAll('\0', '');
      await lab.primary.query(`INSERT INTO ${TABLE} VALUES ('default', $1)`, [text]);
    },
    secrets: [real.password === '' ? 'the-password-of-a-reader' : real.password, String(url.port)],
    close: async () => {
      for (const pool of pools) await pool.end();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => wire.close(resolve));
    },
  };
});

describe('postgresEpochStore()', () => {
  const reading = async (pool: pg.Pool, table = TABLE): Promise<unknown> => {
    try {
      return await postgresEpochStore({ pool, table }).load();
    } catch (error) {
      return error;
    } finally {
      await pool.end();
    }
  };

  it('refuses the very database whose epochs it would keep, before and after something is in it', async () => {
    await lab.primary.query(`TRUNCATE ${TABLE}`);
    const rows = await lab.primary.query('SELECT system_identifier::text AS system FROM pg_control_system()');
    const { system } = rows[0] as { system: string };
    const value = writeStored({ epoch: { system, timeline: 1, owner: 'us/0' }, owners: [], forks: [], voided: [] });
    const pool = lab.region('us').pool({ connectionTimeoutMillis: 10_000 });
    const store = postgresEpochStore({ pool, table: TABLE });
    await expect(store.save(value, await store.load())).rejects.toMatchObject({ reason: 'refused' });
    expect(await lab.primary.query(`SELECT FROM ${TABLE}`)).toEqual([]);
    await lab.primary.query(`INSERT INTO ${TABLE} VALUES ('default', $1)`, [value]);
    expect(await reading(pool)).toMatchObject({ code: 'ERR_EPOCH_STORE', reason: 'refused' });
  });

  it('refuses a standby', async () => {
    await lab.caughtUp();
    expect(await reading(lab.region('eu').pool({ connectionTimeoutMillis: 10_000 }))).toMatchObject({
      reason: 'refused',
    });
  });

  it('says that the table is missing, that a password is wrong, and that a right is, without any of them', async () => {
    expect(await reading(lab.region('us').pool({ connectionTimeoutMillis: 10_000 }), 'no_such_table')).toMatchObject({
      reason: 'missing',
    });
    const url = new URL(lab.region('us').connectionString);
    Object.assign(url, { username: 'reader', password: 'the-password-of-a-reader' });
    const error = await reading(new pg.Pool({ connectionString: String(url), connectionTimeoutMillis: 10_000 }));
    expect(error).toMatchObject({ reason: 'denied' });
    expect(String(error)).not.toContain('reader');
  });
});
