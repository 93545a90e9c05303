import { defineRegions } from '@regionkit/core';
import { requestView } from '@regionkit/core/testing';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { createWriteGate } from '../../src/http/index.ts';
import type { RegionRouter } from '../../src/index.ts';
import { fakeRouter } from '../../src/testing/index.ts';

describe('fakeRouter()', () => {
  it('refuses what the router refuses: a statement that takes its answer by itself, and a callback', async () => {
    const router = fakeRouter({ self: 'us' });
    for (const ask of [
      () => router.read(new pg.Query('SELECT 1') as never),
      () => router.write('SELECT 1', (() => {}) as never),
      () => router.transaction((tx) => tx.query(new pg.Query('SELECT 1') as never)),
      () => router.batch([new pg.Query('SELECT 1') as never]),
    ])
      await expect(ask()).rejects.toThrow(/\{ text, values \}|values must be a list/);
    expect(router.statements).toEqual([]);
  });

  it('answers by the test’s function, and keeps what it was asked', async () => {
    const router = fakeRouter({ self: 'us', answer: ({ text, values }) => [{ text, first: values[0] }] });
    const real: RegionRouter = router;
    expect((await real.read('SELECT $1', [7])).rows).toEqual([{ text: 'SELECT $1', first: 7 }]);
    await router.write({ text: 'INSERT', values: [1] });
    await router.transaction(async (tx) => tx.query('UPDATE'));
    await router.batch([{ text: 'DELETE' }]);
    expect(router.statements).toEqual([
      { intent: 'read', text: 'SELECT $1', values: [7], inTransaction: false },
      { intent: 'write', text: 'INSERT', values: [1], inTransaction: false },
      { intent: 'write', text: 'UPDATE', values: [], inTransaction: true },
      { intent: 'write', text: 'DELETE', values: [], inTransaction: true },
    ]);
    expect(router.stats()).toMatchObject({ reads: 1, writes: 1, transactions: 1, batches: 1 });
  });

  it('routes by the same policy as a real one', async () => {
    const router = fakeRouter<'us' | 'eu'>({ self: 'eu', primary: 'us' });
    await expect(router.write('x')).rejects.toMatchObject({ code: 'ERR_NOT_PRIMARY_REGION', region: 'us' });
    await expect(router.primary.connect()).rejects.toMatchObject({ code: 'ERR_NOT_PRIMARY_REGION' });
    expect(router.explain('write')).toMatchObject({ action: 'reject', region: 'us' });
    router.setPrimary(undefined);
    await expect(router.transaction(async () => {})).rejects.toMatchObject({ code: 'ERR_NO_PRIMARY' });
    expect(router.gate.primaryNow()).toBeUndefined();
    router.setPrimary('eu');
    await router.write('x');
    expect(router.topology()).toMatchObject({ local: { role: 'primary', epoch: { timeline: 3 } } });
    await expect(router.transaction(() => router.transaction(async () => {}))).rejects.toMatchObject({
      code: 'ERR_NESTED_TRANSACTION',
    });
  });

  it.each([
    ['remote-pool', 'us', { action: 'run', region: 'us', node: 'us/0', reason: 'remote-pool' }],
    ['forward', 'us', { action: 'forward', region: 'us', reason: 'forward' }],
    ['reject', 'us', { action: 'reject', region: 'us', reason: 'not-primary-region' }],
    ['reject', 'eu', { action: 'run', region: 'eu', node: 'eu/0', reason: 'local-primary' }],
    ['remote-pool', undefined, { action: 'hold', reason: 'no-primary' }],
  ] as const)('explains a write under %s with the primary in %s, and counts nothing', (writes, primary, expected) => {
    const router = fakeRouter<'us' | 'eu'>({ self: 'eu', primary, writes });
    expect(router.explain('write')).toEqual(expected);
    expect(router.explain('read')).toEqual({ action: 'run', region: 'eu', node: 'eu/0', reason: 'local-replica' });
    expect(router.statements).toEqual([]);
  });

  it('has pools by instanceof, and scopes that know whether they wrote', async () => {
    const router = fakeRouter({ self: 'us' });
    expect(router.pool).toBeInstanceOf(pg.Pool);
    await router.run({ access: 'read' }, () => router.pool.query('SELECT 1'));
    expect(router.statements[0]?.intent).toBe('read');
    const client = await router.pool.connect();
    await client.query('SELECT 2');
    client.release();
    const scope = router.gate.openScope({ tokens: [], access: 'write' });
    expect(scope.closeHead()).toEqual({});
    await scope.run(() => router.pool.query('INSERT'));
    expect(scope.closeHead()).toEqual({ written: expect.any(String) });
    expect(await router.run({ token: 'mine' }, async () => router.token())).toBe('mine');
  });

  it('is enough for a write gate', async () => {
    const gate = createWriteGate({ router: fakeRouter({ self: 'eu', primary: 'us', writes: 'reject' }) });
    const decision = await gate.decide(requestView({ method: 'POST' }));
    expect(decision).toMatchObject({ action: 'respond', reason: 'refused', status: 503 });
    const regions = defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } });
    expect(fakeRouter({ self: 'us', regions }).regions).toBe(regions);
    expect(() => fakeRouter({ self: 'eu' as string, regions })).toThrow(/^fakeRouter: regions must have the same self/);
  });

  it('tells the events a test wants told', () => {
    const router = fakeRouter({ self: 'us' });
    const told: unknown[] = [];
    router.on('suspended', (payload) => told.push(payload));
    router.emit('suspended', {});
    expect(told).toEqual([{}]);
  });
});
