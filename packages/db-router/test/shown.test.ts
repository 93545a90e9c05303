import { inspect } from 'node:util';
import { defineRegions } from '@regionkit/core';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createWriteGate } from '../src/http/index.ts';
import { createRegionRouter } from '../src/index.ts';
import { fakeRouter } from '../src/testing/fake-router.ts';

const SECRET = 'a secret of the tests, long enough to be one';
const SECRETS = ['the-password', 'the-key', SECRET, 'nowhere.invalid'];

/** A router over pools that hold a password in every way there is. It reaches no server. */
function start() {
  const regions = defineRegions({
    self: 'us',
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
  });
  const pools = {
    us: new pg.Pool({ connectionString: 'postgres://app:the-password@nowhere.invalid/app' }),
    eu: new pg.Pool({
      host: 'nowhere.invalid',
      password: async () => 'the-password',
      ssl: { key: 'the-key', host: 'nowhere.invalid' },
      options: '-c the-password',
    }),
  };
  const router = createRegionRouter({
    regions,
    pools,
    writes: 'forward',
    token: { secret: SECRET },
    hold: { timeoutMs: 0 },
  });
  onTestFinished(() => router.close({ pools: true }));
  const gate = createWriteGate({ router, forward: { secret: SECRET }, token: { cookie: { domain: 'example.com' } } });
  return { router, gate };
}

/** Everything a caller is handed, and everything that can be reached from it. */
async function handedOut() {
  const { router, gate } = start();
  const scope = router.gate.openScope({ tokens: [], access: 'read' });
  const events: unknown[] = [];
  router.on('probe-failed', (event) => void events.push(event));
  const refused = (asked: Promise<unknown>) => asked.catch((error: unknown) => error);
  return {
    router,
    gate,
    scope,
    head: scope.run(() => scope.closeHead()),
    topology: router.topology(),
    stats: router.stats(),
    explained: router.explain('read'),
    primary: router.primary,
    replica: router.replica,
    pool: router.pool,
    events,
    errors: await Promise.all([
      refused(router.write('SELECT 1')),
      refused(router.read('SELECT 1')),
      refused(router.primary.connect()),
      refused(router.transaction(async () => {})),
    ]),
    fake: fakeRouter({ self: 'us' }),
  };
}

describe('what a router hands out', () => {
  it('can be written as JSON and printed, and shows no option of a pool', async () => {
    const handed = await handedOut();
    const values = [handed, ...Object.values(handed), ...handed.errors, ...Object.values(handed.topology)];
    for (const value of values) {
      const shown = [JSON.stringify(value) ?? '', inspect(value, { depth: 20 }), inspect(value, { showHidden: true })];
      for (const secret of SECRETS) for (const text of shown) expect(text).not.toContain(secret);
    }
  });

  it('shows what somebody who prints it wants to know', () => {
    const { router } = start();
    expect(inspect(router)).toMatch(/^RegionRouter \{.*self: 'us'/s);
    expect(JSON.parse(JSON.stringify(router))).toMatchObject({
      self: 'us',
      writes: 'forward',
      topology: { nodes: {} },
    });
    expect(JSON.parse(JSON.stringify(router.pool))).toEqual({
      totalCount: expect.any(Number),
      idleCount: expect.any(Number),
      waitingCount: expect.any(Number),
      ending: false,
    });
    expect(inspect(router.primary)).toMatch(/^RegionPool \{ totalCount: /);
  });

  it('writes a position as PostgreSQL does: JSON has no bigint', () => {
    const { router } = start();
    const topology = router.topology();
    expect(topology.nodes[0]?.position).toBe(0n);
    const { nodes } = JSON.parse(JSON.stringify(topology)) as { nodes: { id: string; position: string }[] };
    expect(nodes.map(({ id, position }) => ({ id, position }))).toEqual([
      { id: 'us/0', position: '0/0' },
      { id: 'eu/0', position: '0/0' },
    ]);
  });
});
