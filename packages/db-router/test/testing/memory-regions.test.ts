import { defineRegions } from '@regionkit/core';
import { newDb } from 'pg-mem';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRegionRouter, type RegionRouter, type RegionRouterOptions } from '../../src/index.ts';
import { createMemoryRegions, type MemoryRegions } from '../../src/testing/index.ts';

type Name = 'us' | 'eu';
const NAMES = ['us', 'eu'] as const;
const closing: (() => Promise<void>)[] = [];

function start(self: Name, options: Partial<RegionRouterOptions<Name>> = {}) {
  const regions = defineRegions({
    self,
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
    hosts: ['example.com'],
  });
  const db = newDb();
  const memory: MemoryRegions<Name> = createMemoryRegions({ db, regions: NAMES });
  const router: RegionRouter<Name> = createRegionRouter({
    regions,
    pools: memory.pools,
    coldStart: 'trust',
    writes: 'remote-pool',
    ...options,
  });
  closing.push(async () => {
    await router.close();
    await memory.close();
  });
  return { db, memory, router };
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('createMemoryRegions()', () => {
  it('lets a router discover the roles and run SQL on both', async () => {
    const { memory, router } = start('eu');
    await router.ready();
    await router.write('CREATE TABLE orders (id serial PRIMARY KEY, name text NOT NULL)');
    const { rows } = await router.write('INSERT INTO orders (name) VALUES ($1) RETURNING id', ['tea']);
    expect(rows).toEqual([{ id: 1 }]);
    expect(
      (await router.read('SELECT name, pg_is_in_recovery() AS standby FROM orders WHERE id = $1', [1])).rows,
    ).toEqual([{ name: 'tea', standby: true }]);
    expect((await router.primary.query('SELECT pg_is_in_recovery() AS standby')).rows).toEqual([{ standby: false }]);
    expect(router.explain('read')).toMatchObject({ node: 'eu/0', reason: 'local-replica' });
    expect(memory.region('eu').position).toBe(memory.region('us').position);
  });

  it('refuses a write on a standby, and undoes a failed transaction', async () => {
    const { memory, router, db } = start('us');
    db.public.none('CREATE TABLE t (id int PRIMARY KEY)');
    await expect(memory.pools.eu.query('INSERT INTO t VALUES (1)')).rejects.toMatchObject({ code: '25006' });
    const failed = router.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)');
      expect((await tx.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 1 }]);
      expect((await router.read('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 0 }]);
      await tx.query('INSERT INTO t VALUES (1)');
    });
    await expect(failed).rejects.toMatchObject({ code: '23505' });
    expect((await router.read('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 0 }]);
    await router.batch([{ text: 'INSERT INTO t VALUES ($1)', values: [1] }, { text: 'INSERT INTO t VALUES (2)' }]);
    expect((await router.read('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 2 }]);
  });

  it('lets one transaction write at a time: the next waits, and gives up', async () => {
    const { memory, db } = start('us');
    db.public.none('CREATE TABLE t (id int PRIMARY KEY)');
    const first = await memory.pools.us.connect();
    await first.query('BEGIN');
    await first.query('INSERT INTO t VALUES (1)');
    const second = memory.pools.us.query('INSERT INTO t VALUES (2)');
    await first.query('ROLLBACK');
    await second;
    expect(db.public.many('SELECT id FROM t')).toEqual([{ id: 2 }]);
    await first.query('BEGIN');
    await first.query('DELETE FROM t');
    const impatient = createMemoryRegions({ db: newDb(), regions: ['one'], lockTimeoutMs: 1 });
    await impatient.pools.one.query('CREATE TABLE t (id int)');
    const holder = await impatient.pools.one.connect();
    await holder.query('BEGIN; INSERT INTO t VALUES (1)');
    await expect(impatient.pools.one.query('INSERT INTO t VALUES (2)')).rejects.toMatchObject({ code: '55P03' });
    holder.release(true);
    await impatient.close();
    first.release(true);
    await vi.waitFor(() => expect(db.public.many('SELECT id FROM t')).toEqual([{ id: 2 }]), 20_000);
  });

  it('shows what a client reads while its standby lags: its own write, and the older data without a token', async () => {
    const { memory, router } = start('eu', { token: { secret: 'x'.repeat(32) }, tokenWaitMs: 0 });
    await router.write('CREATE TABLE t (id int)');
    memory.region('eu').pauseReplay();
    const token = await router.run({}, async () => {
      await router.write('INSERT INTO t VALUES (1)');
      return router.token();
    });
    const count = async () => (await router.read('SELECT count(*)::int AS n FROM t')).rows[0]?.['n'];
    expect(await count()).toBe(0);
    expect(await router.run({ ...(token !== undefined && { token }) }, count)).toBe(1);
    memory.region('eu').resumeReplay();
    expect(await count()).toBe(1);
  });

  it('fails over by hand: writes continue on the new primary, and the old one gets nothing when it returns', async () => {
    const { memory, router } = start('eu', { probe: { alertIntervalMs: 20 } });
    await router.write('CREATE TABLE t (id int)');
    memory.region('us').kill();
    const held = router.write('INSERT INTO t VALUES (1)');
    memory.region('eu').promote();
    await held;
    expect(router.topology().primary).toMatchObject({ region: 'eu', epoch: { timeline: 2 } });
    memory.region('us').start();
    expect(memory.region('us').role).toBe('primary');
    await router.write('INSERT INTO t VALUES (2)');
    expect((await memory.pools.us.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 0 }]);
    memory.region('us').rejoin();
    expect((await memory.pools.us.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 2 }]);
    expect(memory.region('us').role).toBe('standby');
  });

  it('a write that waits goes on before the next probe of the standby that was promoted', async () => {
    // A probe every 5 s, and a ping every second.
    const { memory, router } = start('eu', { probe: { alertIntervalMs: 20_000 } });
    await router.write('CREATE TABLE t (id int)');
    memory.region('us').kill();
    const heldAtMs = performance.now();
    const held = router.write('INSERT INTO t VALUES (1)');
    await vi.waitFor(() => expect(router.stats().holding).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    memory.region('eu').promote();
    await held;
    expect(performance.now() - heldAtMs).toBeLessThan(4_000);
  });

  it('serves reads while the region of the primary is dead', async () => {
    const { db, memory, router } = start('eu', { hold: { timeoutMs: 0 } });
    db.public.none('CREATE TABLE t (id int)');
    await router.ready();
    memory.region('us').kill();
    expect((await router.read('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 0 }]);
    await expect(router.write('INSERT INTO t VALUES (1)')).rejects.toMatchObject({ code: 'ERR_NO_PRIMARY' });
  });

  it('returns the types that node-postgres makes of an answer of PostgreSQL', async () => {
    const { memory } = start('us');
    const { us } = memory.pools;
    await us.query('CREATE TABLE v (n int, t text, b bool, j jsonb, a int[], at timestamptz, d date, f float, u uuid)');
    const at = new Date('2026-01-02T03:04:05.678Z');
    await us.query('INSERT INTO v VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
      1,
      'it\'s $1; a "text"',
      true,
      { a: [1] },
      [1, 2],
      at,
      '2026-01-02',
      1.5,
      '123e4567-e89b-12d3-a456-426614174000',
    ]);
    await us.query('INSERT INTO v (n) VALUES ($1)', [null]);
    const [row, nothing] = (await us.query('SELECT * FROM v')).rows;
    expect(row).toEqual({
      n: 1,
      t: 'it\'s $1; a "text"',
      b: true,
      j: { a: [1] },
      a: [1, 2],
      at,
      d: new Date(2026, 0, 2),
      f: 1.5,
      u: '123e4567-e89b-12d3-a456-426614174000',
    });
    expect(nothing.n).toBeNull();
    expect((await us.query('SELECT count(*) AS n FROM v')).rows).toEqual([{ n: '2' }]);
    await expect(us.query('SELECT * FROM nowhere')).rejects.toMatchObject({ code: '42P01' });
    await expect(us.query('SELEC')).rejects.toMatchObject({ code: '42601' });
    expect((await us.query({ name: 'one', text: 'SELECT n FROM v WHERE n = $1', values: [1] })).rows).toEqual([
      { n: 1 },
    ]);
    expect((await us.query({ name: 'one', text: 'SELECT n FROM v WHERE n = $1', values: [1] })).rowCount).toBe(1);
  });

  it('goes back to a savepoint', async () => {
    const { db, router } = start('us');
    db.public.none('CREATE TABLE t (id int)');
    await router.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1)');
      await tx.query('SAVEPOINT a');
      await tx.query('INSERT INTO t VALUES (2)');
      await tx.query('ROLLBACK TO SAVEPOINT a');
    });
    expect(db.public.many('SELECT id FROM t')).toEqual([{ id: 1 }]);
  });

  it('refuses options that cannot work', () => {
    const db = newDb();
    expect(() => createMemoryRegions({ db: {} as never, regions: ['us'] })).toThrow(/newDb/);
    expect(() => createMemoryRegions({ db, regions: [] })).toThrow(/regions/);
    expect(() => createMemoryRegions({ db, regions: ['us', 'us'] })).toThrow(/different/);
    expect(() => createMemoryRegions({ db, regions: ['us'], primary: 'eu' as never })).toThrow(/primary/);
    expect(() => createMemoryRegions({ db, regions: ['us'] }).region('eu' as never)).toThrow(/no region/);
  });
});
