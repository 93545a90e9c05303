import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Epoch, fakeView, type RegionState, type RegionView } from '@regionkit/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTokenCodec } from '../../src/causality/token.ts';
import { parseLsn } from '../../src/history/lsn.ts';
import {
  eventually,
  failureOf,
  gossip,
  labOfTest,
  type Name,
  readsLocally,
  regionsFrom,
  SECRET,
  sleep,
  startRouter,
} from './lab.ts';

describe('failover on real servers', () => {
  it('holds writes while the primary is dead, sends them in order to the promoted one, and never again to the old one', async () => {
    const lab = await labOfTest();
    const router = await startRouter(lab, 'eu', { max: 1 });
    await router.write("INSERT INTO note (text) VALUES ('before')");
    // A client handed out before the failover, in a transaction that would commit after it.
    const leased = await router.primary.connect();
    await leased.query('BEGIN');
    await leased.query("INSERT INTO note (text) VALUES ('on the zombie')");

    await lab.region('us').kill();
    const held = ['first', 'second', 'third'].map((text) =>
      router.write('INSERT INTO note (text) VALUES ($1) RETURNING id', [text]),
    );
    await eventually(() => router.stats().holding > 0);
    const reads = await router.read('SELECT count(*)::int FROM note');
    expect(reads.rows[0]).toBeDefined();
    await lab.failover({ to: 'ap' });
    const ids = (await Promise.all(held)).map(({ rows }) => rows[0]?.['id'] as number);
    expect(ids).toEqual([...ids].sort((left, right) => left - right));
    expect(router.explain('write')).toMatchObject({ node: 'ap/0' });
    expect((await failureOf(leased.query('COMMIT'))).message).toBeTruthy();
    leased.release();

    await lab.region('us').returnAsIs();
    const probes = "SELECT FROM pg_stat_activity WHERE application_name = 'regionkit-probe' AND state = 'idle'";
    await eventually(async () => (await lab.region('us').query(probes)).length > 0);
    expect(router.topology().nodes.find(({ id }) => id === 'us/0')?.state).toBe('fenced');
    const seen = new Set<string>();
    for (let at = 0; at < 50; at += 1) {
      await router.write('INSERT INTO note (text) VALUES ($1)', [`after ${at}`]);
      const { rows } = await router.read('SELECT inet_server_port() AS port');
      seen.add(String(rows[0]?.['port']));
    }
    expect(
      await lab
        .region('us')
        .query("SELECT text FROM note WHERE text LIKE 'after %' OR text IN ('first', 'on the zombie')"),
    ).toEqual([]);
    expect(await lab.region('ap').query("SELECT count(*)::int FROM note WHERE text LIKE 'after %'")).toEqual([
      { count: 50 },
    ]);
    expect(router.told('primary').map(({ epoch }) => epoch.timeline)).toEqual([1, 2]);
  });

  it('destroys every client handed out of a primary that is alive, the moment a newer timeline is heard of', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const router = await startRouter(lab, 'us');
    await router.write('SELECT 1');
    const leased = await router.primary.connect();
    await leased.query('BEGIN');
    await leased.query("INSERT INTO note (text) VALUES ('never')");
    const sleeping = router.write('SELECT pg_sleep(30)');
    await eventually(async () => {
      const [{ count }] = await lab
        .region('us')
        .query(
          "SELECT count(*)::int FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)' AND wait_event = 'PgSleep'",
        );
      return count === 1;
    });
    const epoch = router.gate.highest();
    router.gate.learnEpoch({ system: epoch?.system ?? '', timeline: 2, owner: 'eu/0' }, 'hop');
    expect(await failureOf(sleeping)).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', outcome: 'unknown' });
    await failureOf(leased.query('COMMIT'));
    leased.release();
    expect(router.told('fenced')).toMatchObject([{ node: 'us/0', clients: 2 }]);
    expect(router.gate.primaryNow()).toBeUndefined();
    expect(
      (await failureOf(router.run({ signal: AbortSignal.timeout(100) }, () => router.write('SELECT 1')))).code,
    ).toBe('ERR_ABORTED');
    expect(await lab.region('us').query("SELECT text FROM note WHERE text = 'never'")).toEqual([]);
  });

  it('destroys the clients of a primary that answers no probe any more, when a newer timeline is heard of', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const router = await startRouter(lab, 'us');
    await router.write('SELECT 1');
    const leased = await router.primary.connect();
    await leased.query('BEGIN');
    await leased.query("INSERT INTO note (text) VALUES ('never')");
    // It is full: nobody new is let in, and who is in goes on.
    await lab.region('us').query('ALTER ROLE app CONNECTION LIMIT 0');
    await lab
      .region('us')
      .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'regionkit-probe'");
    const stateOfUs = () => router.topology().nodes.find(({ id }) => id === 'us/0')?.state;
    await eventually(() => stateOfUs() === 'unreachable');
    await leased.query('SELECT 1');
    router.gate.learnEpoch({ system: router.gate.highest()?.system ?? '', timeline: 2, owner: 'eu/0' }, 'hop');
    expect(stateOfUs()).toBe('fenced');
    await failureOf(leased.query('COMMIT'));
    leased.release();
    expect(router.told('fenced')).toMatchObject([{ node: 'us/0', clients: 1 }]);
    expect(await lab.region('us').query("SELECT text FROM note WHERE text = 'never'")).toEqual([]);
  });

  it('learns of a promotion from a connection that is in use, without being due to ask anybody', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const router = await startRouter(lab, 'eu', {
      probe: { intervalMs: 600_000, alertIntervalMs: 100, timeoutMs: 1_000 },
      maxViewAgeMs: 700_000,
    });
    // Without a write: while writes are under way, all servers are asked more often.
    await eventually(() => router.explain('write').action === 'run');
    await readsLocally(router);
    await router.read('SELECT 1');
    await lab.failover({ to: 'eu' });
    expect(router.gate.highest()?.timeline).toBe(1);
    // The server says in_hot_standby = off behind the next statement of a connection that was open before.
    await router.read('SELECT 1');
    await eventually(() => router.explain('write').node === 'eu/0');
    await eventually(() => {
      router.gate.recheckPrimary();
      return router.topology().nodes.find(({ id }) => id === 'us/0')?.state === 'fenced';
    });
  });

  it('loses no acknowledged write and doubles none in a planned switchover', async () => {
    const lab = await labOfTest();
    const router = await startRouter(lab, 'eu', { hold: { timeoutMs: 30_000 } });
    await router.write('SELECT 1');
    const acknowledged: number[] = [];
    const unknown: number[] = [];
    let stop = false;
    let next = 0;
    const writers = Array.from({ length: 4 }, async () => {
      while (!stop) {
        const mine = next;
        next += 1;
        try {
          await router.write('INSERT INTO note (text) VALUES ($1)', [`w${mine}`]);
          acknowledged.push(mine);
        } catch (error) {
          expect((error as { code: string }).code).toBe('ERR_OUTCOME_UNKNOWN');
          unknown.push(mine);
        }
      }
    });
    await sleep(200);
    await lab.switchover({ to: 'eu' });
    await eventually(() => router.explain('write').node === 'eu/0');
    await sleep(100);
    stop = true;
    await Promise.all(writers);
    const found = (await lab.primary.query<{ text: string }>("SELECT text FROM note WHERE text LIKE 'w%'")).map(
      ({ text }) => Number(text.slice(1)),
    );
    expect(acknowledged.filter((mine) => !found.includes(mine))).toEqual([]);
    // UNIQUE would have refused a write that was sent twice: a refusal is no unknown outcome.
    expect(found.filter((mine) => !acknowledged.includes(mine) && !unknown.includes(mine))).toEqual([]);
    expect(unknown.length).toBeLessThanOrEqual(4);
  });

  it('refuses writes when two standbys are promoted, says so, and lets an operator decide', async () => {
    const lab = await labOfTest();
    const router = await startRouter(lab, 'eu', { hold: { timeoutMs: 100 } });
    await eventually(() => router.explain('write').node === 'us/0');
    await router.write('SELECT 1');
    await lab.region('us').kill();
    await Promise.all([lab.region('eu').promote({ follow: false }), lab.region('ap').promote({ follow: false })]);
    await eventually(() => router.topology().state === 'twin-primaries');
    expect(await failureOf(router.write('SELECT 1'))).toMatchObject({
      code: 'ERR_NO_PRIMARY',
      reason: 'twin-primaries',
      outcome: 'not-sent',
    });
    expect(router.told('twin-primaries')[0]?.owners).toEqual(['ap/0', 'eu/0']);
    expect((await failureOf(router.confirmPrimary())).code).toBe('ERR_NO_PRIMARY');
    expect(await failureOf(router.resetEpoch('while both write'))).toMatchObject({
      code: 'ERR_NO_PRIMARY',
      reason: 'twin-primaries',
    });
    expect(router.told('epoch-reset')).toEqual([]);
    await lab.region('ap').kill();
    await router.resetEpoch('eu is the one');
    await eventually(() => router.explain('write').node === 'eu/0');
    expect((await router.write('SELECT 1')).rowCount).toBe(1);
    expect(router.told('epoch-reset')).toMatchObject([{ reason: 'eu is the one' }]);
  });

  it('does not believe a zombie beside which it starts, and takes writes when an operator confirms the only primary it sees', async () => {
    const lab = await labOfTest();
    await lab.region('us').kill();
    await lab.failover({ to: 'eu' });
    await lab.region('us').returnAsIs();
    const beside = await startRouter(lab, 'us', { reach: ['us'], hold: { timeoutMs: 100 } });
    await beside.ready();
    await eventually(() => beside.topology().state === 'unconfirmed');
    expect(await failureOf(beside.write('SELECT 1'))).toMatchObject({ code: 'ERR_NO_PRIMARY', reason: 'unconfirmed' });
    expect(beside.gate.primaryNow()).toBeUndefined();
    expect(beside.topology().local.role).toBe('unknown');
    const seeing = await startRouter(lab, 'us');
    await eventually(() => seeing.explain('write').node === 'eu/0');
    await beside.confirmPrimary();
    expect((await beside.write('SELECT 1')).rowCount).toBe(1);
  });

  it('remembers across restarts what the epoch store holds', async () => {
    const lab = await labOfTest();
    let value: string | undefined;
    const epoch = {
      load: async () => value,
      save: async (next: string) => {
        value = next;
      },
    };
    const first = await startRouter(lab, 'eu', { epoch });
    await first.write('SELECT 1');
    await lab.region('us').kill();
    await lab.failover({ to: 'eu' });
    await eventually(() => first.explain('write').node === 'eu/0' && value?.includes('"timeline":2'));
    await first.close();
    await lab.region('us').returnAsIs();
    const again = await startRouter(lab, 'us', { epoch, reach: ['us'], hold: { timeoutMs: 50 } });
    await eventually(() => again.topology().nodes[0]?.state === 'fenced');
    expect((await failureOf(again.write('SELECT 1'))).code).toBe('ERR_NO_PRIMARY');
    expect(again.topology().forks).toHaveLength(1);
  });

  it('announces a write that was lost, once, and replaces its token; without the fork it says that nobody knows', async () => {
    const lab = await labOfTest();
    const router = await startRouter(lab, 'eu');
    await router.write('SELECT 1');
    const write = (text: string) =>
      router.run({}, async () => {
        await router.write('INSERT INTO note (text) VALUES ($1)', [text]);
        return router.token() ?? '';
      });
    const kept = await write('kept');
    await lab.caughtUp();
    await lab.region('us').partition('eu');
    await lab.region('us').partition('ap');
    const other = await startRouter(lab, 'us', { reach: ['us'], coldStart: 'trust' });
    await other.write('SELECT 1');
    const lost = await other.run({}, async () => {
      await other.write("INSERT INTO note (text) VALUES ('lost')");
      return other.token() ?? '';
    });
    await lab.region('us').kill();
    await lab.failover({ to: 'eu' });
    await eventually(() => router.explain('write').node === 'eu/0');

    const keptScope = router.gate.openScope({ tokens: [kept], access: 'read' });
    expect((await keptScope.run(() => router.pool.query("SELECT text FROM note WHERE text = 'kept'"))).rowCount).toBe(
      1,
    );
    expect(router.told('write-lost-suspected')).toHaveLength(0);
    const scope = router.gate.openScope({ tokens: [lost], access: 'read' });
    expect((await scope.run(() => router.pool.query("SELECT text FROM note WHERE text = 'lost'"))).rowCount).toBe(0);
    expect(router.told('write-lost-suspected')).toHaveLength(1);
    const { written } = scope.closeHead();
    router.gate.openScope({ tokens: [written ?? ''], access: 'read' });
    expect(router.told('write-lost-suspected')).toHaveLength(1);

    // A restart of the new primary takes its memory of the fork: a process that comes later cannot know it.
    await lab.region('eu').stop();
    await lab.region('eu').start();
    const late = await startRouter(lab, 'ap', { coldStart: 'trust' });
    await late.write('SELECT 1');
    expect(late.topology().forks).toEqual([]);
    late.gate.openScope({ tokens: [lost], access: 'read' });
    expect(late.told('write-fate-unknown')).toHaveLength(1);
    expect(late.told('write-lost-suspected')).toHaveLength(0);

    // Unless the role may read the history of timelines.
    await lab.region('eu').query('GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO app');
    const reader = await startRouter(lab, 'ap', { coldStart: 'trust' });
    await reader.write('SELECT 1');
    expect(reader.topology().forks).toMatchObject([{ parent: 1, child: 2 }]);
    reader.gate.openScope({ tokens: [kept, lost], access: 'read' });
    expect(reader.told('write-lost-suspected')).toHaveLength(1);
    expect(reader.told('write-fate-unknown')).toHaveLength(0);
  });

  it('never takes a number for a history: a token of the new primary is not reached on the zombie', async () => {
    const lab = await labOfTest();
    const router = await startRouter(lab, 'us');
    await router.write('SELECT 1');
    await lab.region('us').partition();
    await lab.failover({ to: 'eu' });
    await lab.region('us').query("INSERT INTO note (text) SELECT 'padding ' || n FROM generate_series(1, 2000) n");
    const there = await startRouter(lab, 'eu', { reach: ['eu', 'ap'], coldStart: 'trust' });
    await there.write('SELECT 1');
    const token = await there.run({}, async () => {
      await there.write("INSERT INTO note (text) VALUES ('on timeline 2')");
      return there.token() ?? '';
    });
    // The token alone fences the zombie beside this process: it cannot reach anybody else.
    const failure = await failureOf(router.run({ token }, () => router.read('SELECT 1')));
    expect(['ERR_REPLICA_BEHIND', 'ERR_NO_READABLE_NODE']).toContain(failure.code);
    expect(router.told('fenced')).toMatchObject([{ node: 'us/0' }]);
    expect(router.gate.primaryNow()).toBeUndefined();
  });

  it('follows a cascading standby across the switch of timelines', async () => {
    const lab = await labOfTest();
    await lab.region('ap').follow({ of: 'eu' });
    const router = await startRouter(lab, 'ap');
    await router.write('SELECT 1');
    await lab.region('us').kill();
    await lab.failover({ to: 'eu' });
    const token = await router.run({}, async () => {
      await router.write("INSERT INTO note (text) VALUES ('cascade')");
      return router.token();
    });
    await eventually(() => router.explain('read', token).reason === 'caught-up');
    const { rows } = await router.run({ token }, () =>
      router.read("SELECT pg_is_in_recovery() AS recovering FROM note WHERE text = 'cascade'"),
    );
    expect(rows).toEqual([{ recovering: true }]);
  });

  it('does not take a standby that has crashed for what it had replayed before', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    // Its recovery begins here, where there is the table.
    await lab.primary.query('CHECKPOINT');
    await lab.caughtUp();
    await lab.region('eu').query('CHECKPOINT');
    const router = await startRouter(lab, 'eu');
    const token = await router.run({}, async () => {
      await router.write("INSERT INTO note (text) VALUES ('replayed once')");
      return router.token();
    });
    const readsWithToken = () =>
      router.run({ token }, () =>
        router.read("SELECT pg_is_in_recovery() AS recovering FROM note WHERE text = 'replayed once'"),
      );
    await eventually(async () => (await readsWithToken()).rows[0]?.['recovering'] === true);
    const before = await lab.region('eu').position();

    // After the crash its recovery stops before the first commit of the last hour.
    await lab.region('eu').query("ALTER SYSTEM SET recovery_min_apply_delay = '1h'");
    await lab.region('eu').kill();
    await lab.region('eu').start();
    expect(parseLsn(await lab.region('eu').position())).toBeLessThan(parseLsn(before) as bigint);
    expect(await lab.region('eu').query("SELECT FROM note WHERE text = 'replayed once'")).toEqual([]);
    await eventually(() => router.told('replay-regressed').length > 0);
    expect((await readsWithToken()).rows).toEqual([{ recovering: false }]);

    await lab.region('eu').query('ALTER SYSTEM RESET recovery_min_apply_delay');
    await lab.region('eu').query('SELECT pg_reload_conf()');
    await eventually(async () => (await readsWithToken()).rows[0]?.['recovering'] === true);
  });

  it('tries on the new primary what was under way on the old one, though that is silent and a look at it takes long', async () => {
    const lab = await labOfTest();
    const us = lab.region('us');
    // A look at the silent node would outlast the test.
    const router = await startRouter(lab, 'eu', { probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 60_000 } });
    await router.write("INSERT INTO note (text) VALUES ('before')");
    await us.partition();
    const insert = "INSERT INTO note (text) VALUES ('tried again')";
    const transaction = router.transaction((tx) => tx.query(insert));
    await eventually(() => router.wrapped.us?.idleCount === 0);
    await lab.failover({ to: 'ap' });
    await transaction;
    expect(router.told('retry')).toMatchObject([{ intent: 'transaction', node: 'us/0' }]);
    expect(await lab.region('ap').query("SELECT FROM note WHERE text = 'tried again'")).toHaveLength(1);
  });

  it('names no older timeline for what was read on a standby that cannot tell its own', async () => {
    const lab = await labOfTest({ monitor: false });
    const router = await startRouter(lab, 'eu', { monotonicReads: true });
    await router.write('SELECT 1');
    await readsLocally(router);
    await lab.region('us').kill();
    await lab.failover({ to: 'ap' });
    await router.write("INSERT INTO note (text) VALUES ('on the next timeline')");
    expect(router.explain('read')).toMatchObject({ reason: 'old-timeline', node: 'eu/0' });
    const scope = router.gate.openScope({ tokens: [], access: 'read' });
    await scope.run(() => router.read('SELECT 1'));
    const { seen = '' } = scope.closeHead();
    expect(createTokenCodec(SECRET).decode(seen)?.timeline).toBe(2);
    const next = router.gate.openScope({ tokens: [seen], access: 'read' });
    expect((await next.run(() => router.read('SELECT 1'))).rowCount).toBe(1);
  });

  it('works for a role without pg_monitor, on the safe side', async () => {
    const lab = await labOfTest({ monitor: false });
    const router = await startRouter(lab, 'eu');
    await router.write("INSERT INTO note (text) VALUES ('unprivileged')");
    await readsLocally(router);
    await lab.region('us').kill();
    await lab.failover({ to: 'ap' });
    await router.write("INSERT INTO note (text) VALUES ('after')");
    const token = await router.run({}, async () => {
      await router.write("INSERT INTO note (text) VALUES ('tokened')");
      return router.token();
    });
    // It cannot tell that the standby follows the new timeline: too old is the safe direction.
    expect(router.topology().nodes.find(({ id }) => id === 'eu/0')?.state).toBe('old-timeline');
    const { rows } = await router.run({ token }, () =>
      router.read("SELECT count(*)::int FROM note WHERE text = 'tokened'"),
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('starts no write on what it knew before it was suspended', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const child = fork(fileURLToPath(new URL('./suspended-app.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx', '-C', '@regionkit/source'],
      env: {
        ...process.env,
        US: lab.region('us').connectionString,
        EU: lab.region('eu').connectionStringFrom('us'),
        SECRET,
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [ready] = await once(child, 'message');
    expect(ready).toBe('ready');
    child.kill('SIGSTOP');
    // The old primary stays up: only what the process knows is out of date.
    await lab.failover({ to: 'eu' });
    await sleep(2_500);
    child.send('write');
    child.kill('SIGCONT');
    const [answer] = await once(child, 'message');
    expect(answer).toEqual({ node: 'eu/0', suspended: 1 });
    expect(await lab.region('us').query("SELECT text FROM note WHERE text = 'after the sleep'")).toEqual([]);
    expect(await lab.region('eu').query("SELECT text FROM note WHERE text = 'after the sleep'")).toHaveLength(1);
  });
});

describe('with the local pool alone', () => {
  it('learns of the primary by documents, forwards what the replica does not have, and is fenced by them', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const viewOf = { us: fakeView(regionsFrom('us', ['us', 'eu'])), eu: fakeView(regionsFrom('eu', ['us', 'eu'])) };
    const us = await startRouter(lab, 'us', { reach: ['us'], view: viewOf.us, writes: 'forward' });
    const eu = await startRouter(lab, 'eu', { reach: ['eu'], view: viewOf.eu, writes: 'forward' });
    await Promise.all([us.ready(), eu.ready()]);
    await eventually(() => us.topology().state === 'unconfirmed');
    expect(us.topology().local.acceptedForMs).toBeUndefined();
    // An echo is no answer: of a process whose own database does not answer it.
    viewOf.us.set('eu', { identified: true, observedAtMs: performance.now(), highest: us.gate.highest() as Epoch });
    expect(us.topology().state).toBe('unconfirmed');
    await eventually(() => {
      gossip(viewOf.us, eu);
      gossip(viewOf.eu, us);
      return us.topology().state === 'ready' && eu.topology().state === 'ready';
    });
    expect(us.topology().local.acceptedForMs).toBeGreaterThanOrEqual(0);
    expect(eu.gate.primaryNow()).toMatchObject({ region: 'us' });
    expect(await failureOf(eu.write('SELECT 1'))).toMatchObject({
      code: 'ERR_NOT_PRIMARY_REGION',
      region: 'us',
      intent: 'write',
    });
    await lab.region('eu').pauseReplay();
    const token = await us.run({}, async () => {
      await us.write("INSERT INTO note (text) VALUES ('documents')");
      return us.token();
    });
    const behind = await failureOf(eu.run({ token }, () => eu.read('SELECT 1')));
    expect(behind).toMatchObject({ code: 'ERR_NOT_PRIMARY_REGION', region: 'us', intent: 'read' });
    await lab.region('eu').resumeReplay();
    await lab.caughtUp();
    await eventually(() => eu.explain('read', token).reason === 'caught-up');

    await lab.failover({ to: 'eu' });
    await eventually(() => eu.topology().local.role === 'primary');
    gossip(viewOf.us, eu);
    expect(us.topology().nodes[0]?.state).toBe('fenced');
    expect(us.gate.primaryNow()).toMatchObject({ region: 'eu' });
    expect(await failureOf(us.write('SELECT 1'))).toMatchObject({ code: 'ERR_NOT_PRIMARY_REGION', region: 'eu' });
  });

  it('tells a twin of the other one, whichever of them sees both first', async () => {
    const lab = await labOfTest();
    const [viewOfEu, viewOfAp] = [fakeView(regionsFrom('eu')), fakeView(regionsFrom('ap'))];
    const eu = await startRouter(lab, 'eu', { reach: ['eu'], view: viewOfEu, coldStart: 'trust' });
    const ap = await startRouter(lab, 'ap', { reach: ['ap'], view: viewOfAp, coldStart: 'trust' });
    await Promise.all([eu.ready(), ap.ready()]);
    await lab.region('us').kill();
    await Promise.all([lab.region('eu').promote({ follow: false }), lab.region('ap').promote({ follow: false })]);
    await eventually(() => eu.topology().local.role === 'primary' && ap.topology().local.role === 'primary');

    gossip(viewOfEu, ap);
    expect(eu.topology().state).toBe('twin-primaries');
    gossip(viewOfAp, eu);
    expect(ap.topology().state).toBe('twin-primaries');
  });

  it('keeps a primary that says the same for long: it is idle', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const us = await startRouter(lab, 'us');
    await us.write('SELECT 1');
    const { epoch, position = 0n } = us.topology().local;
    if (epoch === undefined) throw new Error('us is the primary');
    // As health does: what was observed grows younger in silence, and only changes are told.
    const told = fakeView(regionsFrom('eu', ['us', 'eu']));
    told.set('us', { identified: true, primary: { epoch, position }, highest: epoch });
    const now = (state: RegionState<Name>) => ({ ...state, observedAtMs: performance.now() });
    const view: RegionView<Name> = {
      self: 'eu',
      get: (name) =>
        told
          .list()
          .filter((state) => state.name === name)
          .map(now)[0],
      list: () => told.list().map(now),
      subscribe: told.subscribe,
    };
    const eu = await startRouter(lab, 'eu', {
      reach: ['eu'],
      view,
      writes: 'forward',
      probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 800 },
      maxViewAgeMs: 1_000,
    });
    await eventually(() => eu.gate.primaryNow()?.region === 'us');
    await sleep(3_000);
    expect(eu.told('primary-lost')).toEqual([]);
    expect(eu.gate.primaryNow()).toMatchObject({ region: 'us' });
  });
});
