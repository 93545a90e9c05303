import { execFile } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createRegionRouter } from '../../src/index.ts';
import { eventually, failureOf, type Name, regionsFrom, SECRET, startLab, startRouter } from './lab.ts';

async function labOfTest(options?: Parameters<typeof startLab>[0]): Promise<Lab<Name>> {
  const lab = await startLab(options);
  onTestFinished(() => lab.close());
  return lab;
}

/** A name in front of a server: connections that are open stay where they lead when it moves. */
async function startName(port: number): Promise<{ readonly port: number; moveTo(port: number): void }> {
  let target = port;
  const sockets = new Set<Socket>();
  const server: Server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    moveTo: (next) => {
      target = next;
    },
  };
}

function poolBehind(lab: Lab<Name>, port: number): pg.Pool {
  const url = new URL(lab.region('us').connectionString);
  url.port = String(port);
  const pool = new pg.Pool({ connectionString: url.href, max: 3 });
  onTestFinished(() => void pool.end().catch(() => {}));
  return pool;
}

describe('nodes that are not what they seem, on real servers', () => {
  it('sends no write over a pooled connection that still leads to the old server behind a name that moved', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const name = await startName(lab.region('us').port);
    const pool = poolBehind(lab, name.port);
    const router = createRegionRouter({
      regions: regionsFrom('us', ['us', 'eu']),
      pools: { us: pool },
      coldStart: 'trust',
      probe: { intervalMs: 500, alertIntervalMs: 50, timeoutMs: 1_000 },
    });
    onTestFinished(() => router.close());
    await Promise.all([1, 2, 3].map((n) => router.write('INSERT INTO note (text) VALUES ($1)', [`before ${n}`])));
    expect(pool.idleCount).toBe(3);
    await lab.caughtUp();
    await lab.failover({ to: 'eu' });
    name.moveTo(lab.region('eu').port);
    // The probe's own connection breaks; the pooled ones stay open, on a server that takes writes.
    await lab
      .region('us')
      .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'regionkit-probe'");
    await eventually(() => router.gate.highest()?.timeline === 2);
    expect(pool.totalCount).toBe(3);
    await Promise.all([1, 2, 3].map((n) => router.write('INSERT INTO note (text) VALUES ($1)', [`after ${n}`])));
    const after = "SELECT count(*)::int AS n FROM note WHERE text LIKE 'after %'";
    expect(await lab.region('us').query(after)).toEqual([{ n: 0 }]);
    expect(await lab.region('eu').query(after)).toEqual([{ n: 3 }]);
  });

  it('follows the name by itself once it has heard of a newer timeline', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const name = await startName(lab.region('us').port);
    const pool = poolBehind(lab, name.port);
    const router = createRegionRouter({
      regions: regionsFrom('us', ['us', 'eu']),
      pools: { us: pool },
      coldStart: 'trust',
      hold: { timeoutMs: 20_000 },
      probe: { intervalMs: 500, alertIntervalMs: 50, timeoutMs: 1_000 },
    });
    onTestFinished(() => router.close());
    await router.write("INSERT INTO note (text) VALUES ('before')");
    const system = router.gate.highest()?.system ?? '';
    await lab.caughtUp();
    await lab.failover({ to: 'eu' });
    name.moveTo(lab.region('eu').port);
    router.gate.learnEpoch({ system, timeline: 2, owner: 'us/0' }, 'hop');
    await router.write("INSERT INTO note (text) VALUES ('after')");
    expect(await lab.region('eu').query("SELECT FROM note WHERE text = 'after'")).toHaveLength(1);
    expect(await lab.region('us').query("SELECT FROM note WHERE text = 'after'")).toHaveLength(0);
  });

  it('does not take what one replica behind a name has for what another has', async () => {
    const lab = await labOfTest();
    const name = await startName(lab.region('eu').port);
    const pool = poolBehind(lab, name.port);
    const router = createRegionRouter({
      regions: regionsFrom('eu'),
      pools: { us: lab.region('us').pool({ from: 'eu' }), eu: pool, ap: lab.region('ap').pool({ from: 'eu' }) },
      writes: 'remote-pool',
      token: { secret: SECRET },
      tokenWaitMs: 0,
    });
    onTestFinished(() => router.close());
    await router.write('SELECT 1');
    await lab.region('ap').pauseReplay();
    const token = await router.run({}, async () => {
      await router.write("INSERT INTO note (text) VALUES ('fresh')");
      return router.token();
    });
    await eventually(() => {
      router.gate.recheckPrimary();
      return router.explain('read', token).node === 'eu/0';
    });
    // The next connection leads to the other replica, which does not have it.
    name.moveTo(lab.region('ap').port);
    const { rows } = await router.run({ token }, () =>
      router.read("SELECT text, pg_is_in_recovery() AS recovering FROM note WHERE text = 'fresh'"),
    );
    expect(rows).toEqual([{ text: 'fresh', recovering: false }]);
    await lab.region('ap').resumeReplay();
  });

  it('knows several pools of one region: reads take turns, and a failover inside the region is followed', async () => {
    const lab = await labOfTest();
    const pools = [lab.region('us').pool(), lab.region('eu').pool(), lab.region('ap').pool()];
    const router = createRegionRouter({
      regions: regionsFrom('us', ['us']),
      pools: { us: pools },
      probe: { intervalMs: 500, alertIntervalMs: 50, timeoutMs: 1_000 },
    });
    onTestFinished(() => router.close());
    await router.write("INSERT INTO note (text) VALUES ('one region')");
    await eventually(() => router.topology().nodes.filter(({ state }) => state === 'replica').length === 2);
    const ports = new Set<number>();
    for (let at = 0; at < 4; at += 1)
      ports.add((await router.read('SELECT inet_server_port() AS port')).rows[0]?.['port']);
    expect(ports.size).toBe(2);
    await lab.region('us').kill();
    await lab.failover({ to: 'ap' });
    await router.write("INSERT INTO note (text) VALUES ('same region')");
    expect(router.explain('write')).toMatchObject({ node: 'us/2', reason: 'local-primary' });
  });

  it('refuses a node of another database, and adopts none while they differ', async () => {
    const [lab, stranger] = await Promise.all([labOfTest({ regions: ['us'] }), labOfTest({ regions: ['us'] })]);
    const router = createRegionRouter({
      regions: regionsFrom('us', ['us', 'eu']),
      pools: { us: lab.region('us').pool(), eu: stranger.region('us').pool() },
      coldStart: 'trust',
      hold: { timeoutMs: 100 },
      probe: { intervalMs: 500, alertIntervalMs: 50, timeoutMs: 1_000 },
    });
    onTestFinished(() => router.close());
    await eventually(() => router.topology().nodes.every(({ rttMs }) => rttMs !== undefined));
    expect(await failureOf(router.write('SELECT 1'))).toMatchObject({
      code: 'ERR_NO_PRIMARY',
      reason: 'foreign-system',
    });
  });
});

describe('one region, on a real server', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us'] });
  });
  afterAll(() => lab.close());

  it('does not take two pools that reach one server for two primaries', async () => {
    const router = createRegionRouter({
      regions: regionsFrom('us', ['us']),
      pools: { us: [lab.region('us').pool(), lab.region('us').pool()] },
    });
    onTestFinished(() => router.close());
    expect((await router.write('SELECT 1')).rowCount).toBe(1);
    expect(router.topology()).toMatchObject({ state: 'ready', primary: { epoch: { owner: 'us/0' } } });
  });

  it('sends no write to a primary that an operator made read-only, and goes on when he is done', async () => {
    const router = await startRouter(lab, 'us', { hold: { timeoutMs: 20_000 } });
    await router.write("INSERT INTO note (text) VALUES ('before')");
    const set = async (value: string) => {
      await lab.region('us').query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await lab.region('us').query('SELECT pg_reload_conf()');
    };
    await set('on');
    await eventually(() => {
      router.gate.recheckPrimary();
      return router.topology().state === 'read-only';
    });
    const writing = router.write("INSERT INTO note (text) VALUES ('when he is done')");
    expect((await router.read("SELECT count(*)::int AS n FROM note WHERE text = 'before'")).rows).toEqual([{ n: 1 }]);
    expect(router.explain('write')).toMatchObject({ action: 'hold', reason: 'read-only' });
    await set('off');
    expect((await writing).rowCount).toBe(1);
  });

  it('goes by what its probe sees, and not by what the app set on a session of its own', async () => {
    const router = await startRouter(lab, 'us', { max: 1 });
    await router.write('SELECT 1');
    const client = await router.primary.connect();
    await client.query('SET default_transaction_read_only = on');
    client.release();
    // Every connection is asked again where it leads.
    await router.resetEpoch('a drill');
    await router.read('SELECT 1');
    expect(router.topology().state).toBe('ready');
    expect(router.told('primary-lost')).toEqual([]);
    expect(router.told('leak')).toEqual([{ node: 'us/0', why: 'read-only-session' }]);
  });

  it('calls no refused write a leak: the transaction was read-only, not the session', async () => {
    const router = await startRouter(lab, 'us', { max: 1 });
    await router.write('SELECT 1');
    const client = await router.primary.connect();
    await client.query('BEGIN READ ONLY');
    expect(await failureOf(client.query("INSERT INTO note (text) VALUES ('refused')"))).toMatchObject({
      code: '25006',
    });
    await client.query('ROLLBACK');
    client.release();
    expect((await router.write("INSERT INTO note (text) VALUES ('after a refusal')")).rowCount).toBe(1);
    expect(router.told('leak')).toEqual([]);
  });

  it('learns of a setting that shows only to new sessions by the first write that meets it', async () => {
    const router = await startRouter(lab, 'us', { hold: { timeoutMs: 500 } });
    await router.write('SELECT 1');
    await lab.region('us').query('ALTER ROLE app SET default_transaction_read_only = on');
    onTestFinished(async () => {
      await lab.region('us').query('ALTER ROLE app RESET default_transaction_read_only');
    });
    router.recycle();
    expect(await failureOf(router.write("INSERT INTO note (text) VALUES ('refused')"))).toMatchObject({
      code: 'ERR_NO_PRIMARY',
      reason: 'read-only',
      outcome: 'not-sent',
    });
    expect(router.told('leak')).toEqual([]);
  });

  it('keeps no process alive by itself', async () => {
    const script = `
      import { defineRegions } from '@regionkit/core';
      import pg from 'pg';
      import { createRegionRouter } from '@regionkit/db-router';
      const router = createRegionRouter({
        regions: defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } }),
        pools: { us: new pg.Pool({ connectionString: ${JSON.stringify(lab.region('us').connectionString)}, allowExitOnIdle: true }) },
      });
      const client = new pg.Client(${JSON.stringify(lab.region('us').connectionString)});
      await client.connect();
      await router.ready();
      await client.end();
      console.log('ready');`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '-C', '@regionkit/source', '--input-type=module', '-e', script],
      { cwd: new URL('../..', import.meta.url) },
    );
    expect(stdout.trim()).toBe('ready');
  });
});
