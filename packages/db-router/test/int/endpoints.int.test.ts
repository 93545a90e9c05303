import { fakeView } from '@regionkit/core';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { createRegionRouter, type RegionRouterOptions, type RouterEvents } from '../../src/index.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { eventually, failureOf, gossip, labOfTest, type Name, regionsFrom, SECRET, startRouter } from './lab.ts';

/** A router of one region over endpoints, in the order given. */
function routerOver(endpoints: readonly Endpoint[], options: Partial<RegionRouterOptions> = {}) {
  const router = createRegionRouter({
    regions: regionsFrom('us', ['us']),
    pools: {
      us: endpoints.map(({ connectionString }) => {
        const pool = new pg.Pool({ connectionString, max: 4 });
        pool.on('error', () => {});
        return pool;
      }),
    },
    token: { secret: SECRET },
    hold: { timeoutMs: 30_000 },
    probe: { intervalMs: 300, alertIntervalMs: 50, timeoutMs: 1_000 },
    ...options,
  });
  const twins: RouterEvents['twin-primaries'][] = [];
  router.on('twin-primaries', (told) => void twins.push(told));
  onTestFinished(() => router.close({ pools: true }));
  return { router, twins };
}

it('takes the server that the readers’ endpoint showed first for no twin, once the writers’ endpoint leads to it', async () => {
  const lab = await labOfTest();
  const [writers, readers] = [await openEndpoint(lab.region('us')), await openEndpoint(lab.region('eu'))];
  const { router, twins } = routerOver([writers, readers]);
  await router.write("INSERT INTO note (text) VALUES ('before')");
  await lab.region('us').stop();
  await lab.failover({ to: 'eu' });
  await router.write("INSERT INTO note (text) VALUES ('through the endpoint for readers')");
  const token = await router.run({}, async () => {
    await router.write("INSERT INTO note (text) VALUES ('with a token')");
    return router.token();
  });
  readers.lead(lab.region('ap'));
  await eventually(() => router.topology().nodes[1]?.state !== 'primary');
  writers.lead(lab.region('eu'));
  await router.write("INSERT INTO note (text) VALUES ('through the endpoint for writers')");
  expect(router.topology()).toMatchObject({ state: 'ready', primary: { node: 'us/0' } });
  expect(twins).toEqual([]);
  const read = () => router.read("SELECT text FROM note WHERE text = 'with a token'");
  expect((await router.run({ token }, read)).rowCount).toBe(1);
});

it('follows a name that moves to the new primary later than the role, while the probe is still connected to the old one', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  const name = await openEndpoint(lab.region('us'));
  const { router, twins } = routerOver([name]);
  await router.write("INSERT INTO note (text) VALUES ('before')");
  await lab.switchover({ to: 'eu' });
  // The old primary answers as a standby, on a connection that nothing will ever end.
  await eventually(() => router.topology().nodes[0]?.state === 'replica');
  expect(router.topology().state).toBe('no-primary');
  // The pool has a connection there, too: a held write opens no other one that could notice the move.
  await router.read('SELECT 1');
  name.lead(lab.region('eu'), { keep: true });
  await router.write("INSERT INTO note (text) VALUES ('after')");
  expect(router.topology()).toMatchObject({ state: 'ready', primary: { epoch: { timeline: 2 } } });
  expect(twins).toEqual([]);
});

it('sends no write to the server that a name leads to now, while a silent endpoint may hide the one it led to before', async () => {
  const lab = await labOfTest();
  await lab.region('us').kill();
  // Both make timeline 2, by mistake.
  await lab.region('eu').promote({ follow: false });
  await lab.region('ap').promote({ follow: false });
  const [name, other] = [await openEndpoint(lab.region('eu')), await openEndpoint(lab.region('eu'))];
  const { router, twins } = routerOver([name, other], { hold: { timeoutMs: 50 }, maxViewAgeMs: 3_600_000 });
  // A short hold is for what must be refused. A busy machine needs longer until it has looked once.
  await eventually(() => router.topology().state === 'ready');
  await router.write("INSERT INTO note (text) VALUES ('on the first')");
  other.fallSilent();
  await eventually(() => router.topology().nodes[1]?.state === 'unreachable');
  expect(router.topology().state).toBe('ready');
  name.lead(lab.region('ap'));
  await eventually(() => router.topology().state !== 'ready');
  const probed = () => router.topology().nodes[0]?.state;
  await eventually(() => probed() === 'candidate' || probed() === 'primary');
  const insert = () => router.write("INSERT INTO note (text) VALUES ('on the second')");
  expect(await failureOf(insert())).toMatchObject({ code: 'ERR_NO_PRIMARY', outcome: 'not-sent' });
  expect(twins).toEqual([]);

  other.speakAgain();
  await eventually(() => router.topology().state === 'twin-primaries');
  expect(await failureOf(insert())).toMatchObject({ reason: 'twin-primaries', outcome: 'not-sent' });
  expect(await lab.region('ap').query('SELECT text FROM note')).toEqual([]);
});

it('writes once or not at all through a name that leads to the primary and to a standby in turn', async () => {
  const lab = await labOfTest({ regions: ['us', 'eu'] });
  const name = await openEndpoint(lab.region('us'));
  const { router, twins } = routerOver([name], { hold: { timeoutMs: 300 } });
  const leaks: RouterEvents['leak'][] = [];
  router.on('leak', (told) => void leaks.push(told));
  await eventually(() => router.topology().state === 'ready');
  await router.write("INSERT INTO note (text) VALUES ('before')");
  let leads = 0;
  const turn = setInterval(() => {
    leads += 1;
    name.lead(lab.region(leads % 2 === 0 ? 'us' : 'eu'), { keep: true });
  }, 20);
  onTestFinished(() => clearInterval(turn));
  const kept: string[] = [];
  for (let at = 0; at < 20 || leads < 20; at += 1) {
    // Each needs a connection, and nobody knows where it leads before it is asked.
    if (at % 3 === 0) router.recycle();
    const text = `in turn ${at}`;
    await router.write('INSERT INTO note (text) VALUES ($1)', [text]).then(
      () => kept.push(text),
      (error: { outcome?: string }) => expect(error.outcome).not.toBe('unknown'),
    );
  }
  clearInterval(turn);
  // No idle connection may be cut under a statement that was just sent over it: its outcome would be unknown.
  router.recycle();
  name.lead(lab.region('us'));
  await eventually(() => router.explain('write').reason === 'local-primary');
  await router.write("INSERT INTO note (text) VALUES ('after')");
  const rows = await lab.region('us').query<{ text: string }>('SELECT text FROM note ORDER BY id');
  expect(rows.map(({ text }) => text)).toEqual(['before', ...kept, 'after']);
  expect(twins).toEqual([]);
  expect(leaks).toEqual([]);
});

it('stays out of twins in the other regions when the URL of a replica points at the primary, and after it is repaired', async () => {
  const lab = await labOfTest();
  const eu = await openEndpoint(lab.region('us'));
  const views = { us: fakeView(regionsFrom('us')), eu: fakeView(regionsFrom('eu')), ap: fakeView(regionsFrom('ap')) };
  const start = (self: Name) => startRouter(lab, self, { reach: [self], view: views[self], coldStart: 'trust' });
  const routers = [
    await start('us'),
    await startRouter(lab, 'eu', {
      reach: [],
      view: views.eu,
      coldStart: 'trust',
      writes: 'reject',
      pools: { eu: new pg.Pool({ connectionString: eu.connectionString }) },
    }),
    await start('ap'),
  ];
  const talk = (): void => {
    for (const from of routers) for (const to of routers) if (from !== to) gossip(views[to.self], from);
  };
  await eventually(() => {
    talk();
    return routers.every(({ topology }) => topology().state === 'ready');
  });
  expect(['us', 'eu']).toContain(routers[2]?.gate.primaryNow()?.region);
  expect(routers[2]?.told('same-server')).toMatchObject([{ timeline: 1 }]);
  await routers[0]?.write("INSERT INTO note (text) VALUES ('under two names')");
  eu.lead(lab.region('eu'));
  await eventually(() => {
    talk();
    return routers[1]?.topology().local.role === 'standby' && routers[2]?.gate.primaryNow()?.region === 'us';
  });
  await routers[0]?.write("INSERT INTO note (text) VALUES ('repaired')");
  expect(routers.map(({ topology }) => topology().state)).toEqual(['ready', 'ready', 'ready']);
  expect(routers.flatMap(({ told }) => told('twin-primaries'))).toEqual([]);
});

it('lets a twin take no write by any way, and no COMMIT of what was begun before', async () => {
  const lab = await labOfTest();
  const router = await startRouter(lab, 'eu', { hold: { timeoutMs: 50 } });
  await eventually(() => router.explain('write').node === 'us/0');
  await lab.region('us').kill();
  await lab.region('eu').promote({ follow: false });
  await eventually(() => router.explain('write').node === 'eu/0');
  const leased = await router.primary.connect();
  await leased.query('BEGIN');
  await leased.query("INSERT INTO note (text) VALUES ('begun before')");
  await lab.region('ap').promote({ follow: false });
  await eventually(() => router.topology().state === 'twin-primaries');
  await failureOf(leased.query('COMMIT'));
  leased.release();
  const insert = "INSERT INTO note (text) VALUES ('on a twin')";
  const inRead = <T>(fn: () => Promise<T>) => failureOf(router.run({ access: 'read' }, fn));
  const refused = { code: 'ERR_NO_PRIMARY', reason: 'twin-primaries' };
  expect(await inRead(() => router.pool.query(insert))).toMatchObject(refused);
  expect(await inRead(() => router.read(insert))).toMatchObject(refused);
  expect(await inRead(() => router.replica.query(insert))).toMatchObject(refused);
  for (const pool of [router.pool, router.replica]) {
    const client = await router.run({ access: 'read' }, () => pool.connect());
    await client.query('BEGIN');
    expect(await failureOf(client.query(insert))).toMatchObject({ code: '25006' });
    await client.query('ROLLBACK');
    client.release();
  }
  expect((await router.read('SELECT count(*)::int AS count FROM note')).rows).toEqual([{ count: 0 }]);
  for (const name of ['eu', 'ap'] as const) {
    expect(await lab.region(name).query('SELECT text FROM note')).toEqual([]);
  }
});

it('lets a primary that is not confirmed yet take no write in a read either', async () => {
  const lab = await labOfTest();
  const router = await startRouter(lab, 'us', { reach: ['us'], hold: { timeoutMs: 50 } });
  await router.ready();
  await eventually(() => router.topology().state === 'unconfirmed');
  const insert = () => router.pool.query("INSERT INTO note (text) VALUES ('on a candidate')");
  expect(await failureOf(router.run({ access: 'read' }, insert))).toMatchObject({ reason: 'unconfirmed' });
  await router.confirmPrimary();
  expect((await router.run({ access: 'read' }, insert)).rowCount).toBe(1);
});

it('changes no session of a pooler, and reads nothing through one while the primary is not confirmed', async () => {
  const lab = await labOfTest();
  const { connectionString } = await openEndpoint(lab.region('us'), { pooled: true });
  const pool = new pg.Pool({ connectionString, max: 4 });
  pool.on('error', () => {});
  const settings: string[] = [];
  pool.on('connect', (client) => {
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
      if (parameterName === 'default_transaction_read_only') settings.push(parameterValue);
    });
  });
  const router = createRegionRouter({
    regions: regionsFrom('us', ['us', 'eu', 'ap']),
    pools: { us: pool },
    token: { secret: SECRET },
    hold: { timeoutMs: 50 },
    probe: { intervalMs: 300, alertIntervalMs: 50, timeoutMs: 1_000 },
  });
  onTestFinished(() => router.close({ pools: true }));
  await router.ready();
  await eventually(() => router.topology().state === 'unconfirmed');
  expect(await failureOf(router.read('SELECT 1'))).toMatchObject({ outcome: 'not-sent' });
  expect(settings).toEqual([]);
  await router.confirmPrimary();
  expect((await router.write("INSERT INTO note (text) VALUES ('confirmed')")).rowCount).toBe(1);
  expect((await router.read('SELECT count(*)::int AS count FROM note')).rows).toEqual([{ count: 1 }]);
});
