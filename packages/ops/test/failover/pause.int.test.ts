import type { RequestListener } from 'node:http';
import { outcomeOf } from '@regionkit/db-router';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webServer } from '../doctor/front/web-server.ts';
import type { Ran } from '../run.ts';
import { balancer, OPERATOR_TOKEN } from '../status/commands.ts';
import { lastRun, start, untilBegun } from './child.ts';
import { createSetup, type Name, rejoinAll, type Setup, writersOf } from './lab-setup.ts';
import { HEALTH_TOKEN, type OperatedApp, startOperatedApp } from './operated-app.ts';

const WAIT = { timeout: 60_000, interval: 20 };

let setup: Setup;
const apps: OperatedApp[] = [];

let configuration: Parameters<Setup['configure']>[0];
beforeAll(async () => {
  setup = await createSetup();
  await setup.lab.primary.query('CREATE TABLE t (x int primary key)');
  await setup.lab.caughtUp();
  const handlers = new Map<Name, RequestListener>();
  const names: readonly Name[] = ['us', 'eu', 'ap'];
  const origins = Object.fromEntries(
    await Promise.all(
      names.map(async (name) => {
        const origin = await keptServer((request, response) => handlers.get(name)?.(request, response));
        return [name, origin] as const;
      }),
    ),
  ) as Record<Name, string>;
  // Two processes in the region of the primary, behind a balancer.
  const startApp = (name: Name): OperatedApp => startOperatedApp(setup.lab, name, origins);
  const us = [startApp('us'), startApp('us')];
  const [eu, ap] = [startApp('eu'), startApp('ap')];
  apps.push(...us, eu, ap);
  handlers
    .set('us', balancer(...us))
    .set('eu', eu.handle)
    .set('ap', ap.handle);
  await Promise.all(apps.map(({ router }) => router.ready()));
  const regions = Object.fromEntries(
    setup.lab.regions.map(({ name, connectionString }) => {
      const url = new URL(connectionString);
      url.username = 'ops';
      url.password = 'ops';
      return [name, { databases: [url.href], app: connectionString, origin: origins[name] }];
    }),
  );
  configuration = { regions, operatorToken: OPERATOR_TOKEN, healthToken: HEALTH_TOKEN };
  await setup.configure(configuration);
});
const closers: (() => unknown)[] = [];
afterAll(async () => {
  await Promise.all(apps.map(({ close }) => close()));
  for (const close of closers) await close();
  await setup?.[Symbol.asyncDispose]();
});

/** A server that lives as long as this file. */
async function keptServer(handler: RequestListener): Promise<string> {
  const { createServer } = await import('node:http');
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

let next = 0;
/** Writes in every process all the time. */
function startLoad() {
  let writing = true;
  const done: number[] = [];
  const failed: { readonly what: string; readonly code: string; readonly outcome: string | undefined }[] = [];
  const write = async ({ name, router }: OperatedApp): Promise<void> => {
    while (writing) {
      next += 1;
      const x = next;
      await router.write('INSERT INTO t VALUES ($1)', [x]).then(
        () => done.push(x),
        (error: Error & { code?: string }) =>
          failed.push({ what: `${name} ${error.message}`, code: `${error.code}`, outcome: outcomeOf(error) }),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const all = apps.map(write);
  return {
    done,
    failed,
    stop: async () => {
      writing = false;
      await Promise.all(all);
    },
  };
}

/** Writes must flow for a while after the last pause. */
const mayPause = ({ router }: OperatedApp): Promise<boolean> =>
  router.pauseWrites({ timeoutMs: 1, drainTimeoutMs: 0 }).then(
    () => true,
    () => false,
  );

const evidence = ({ records }: Ran, name: string): string =>
  records.flatMap((one) =>
    one.type === 'step' && one.name === name && one.state === 'done' ? [one.evidence] : [],
  )[0] ?? '';
const SWITCH = ['failover', 'run', '--mode', 'switchover', '--stable', '300ms', '--execute'];

describe('regionkit failover run --mode switchover with operator doors', () => {
  it('pauses the writes of all regions by itself: none is lost or in doubt, and each is there once', async () => {
    const load = startLoad();
    await expect.poll(() => load.done.length, WAIT).toBeGreaterThan(20);
    const ran = await setup.ops(...SWITCH, '--to', 'eu');
    expect(ran.exit, ran.stdout + ran.stderr).toBe(0);
    expect(evidence(ran, 'pause')).toMatch(/^us \S+ holds the writes of all regions for .* and none is under way$/);
    const after = load.done.length;
    await expect.poll(() => load.done.length, WAIT).toBeGreaterThan(after + 20);
    await load.stop();
    // The fence is replicated. Between the promotion and the step `logins` the new primary lets no new connection in.
    const refused = new Set(['ERR_NODE_UNAVAILABLE', 'ERR_NO_PRIMARY']);
    expect(load.failed.filter(({ code, outcome }) => outcome !== 'not-sent' || !refused.has(code))).toEqual([]);
    for (const { paused } of apps) expect(paused).toHaveLength(1);
    const there = new Set((await setup.lab.region('eu').query<{ x: number }>('SELECT x FROM t')).map(({ x }) => x));
    expect(load.done.filter((x) => !there.has(x))).toEqual([]);
    expect(ran.stdout).not.toContain(OPERATOR_TOKEN);
    await rejoinAll(setup, 'eu');
  });

  it('goes on with the writes, and stops, while a transaction does not end', async () => {
    const eu = apps.find(({ name }) => name === 'eu') as OperatedApp;
    await expect.poll(() => eu.router.topology().state, WAIT).toBe('ready');
    await expect.poll(() => mayPause(eu), WAIT).toBe(true);
    await setup.configure({ ...configuration, failover: { pauseSeconds: 3 } });
    let end = (): void => {};
    const held = eu.router.transaction(async (client) => {
      await client.query('INSERT INTO t VALUES (-1)');
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    const ran = await setup.ops(...SWITCH, '--to', 'ap');
    expect(ran.exit, ran.stdout).toBe(5);
    expect(ran.records.at(-1)).toMatchObject({ summary: expect.stringMatching(/^pause: \d+ writes did not end/) });
    end();
    await held;
    await eu.router.write('INSERT INTO t VALUES (-2)');
    expect(await writersOf(setup)).toEqual(['eu']);
    const aborted = await setup.ops('failover', 'abort', '--execute');
    expect(aborted.exit, aborted.stdout).toBe(0);
  });

  it('pauses again after a kill in the pause: one that is still on, or has just ended, proves nothing', async () => {
    await setup.configure({ ...configuration, failover: { pauseSeconds: 20 } });
    const eu = apps.find(({ name }) => name === 'eu') as OperatedApp;
    await expect.poll(() => mayPause(eu), WAIT).toBe(true);
    const before = await lastRun(setup);
    const command = start(setup, ...SWITCH, '--to', 'ap', '--json');
    await untilBegun(setup, command, before?.id, 'pause');
    command.process.kill('SIGKILL');
    await command.ended;
    let ran = await setup.ops('failover', 'resume', '--execute');
    const early: unknown[] = [];
    while (ran.exit === 5 && early.length < 100) {
      early.push(ran.records.at(-1));
      expect(await writersOf(setup)).toEqual(['eu']);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      ran = await setup.ops('failover', 'resume', '--execute');
    }
    expect(ran.exit, ran.stdout).toBe(0);
    expect(evidence(ran, 'pause')).toMatch(/holds the writes of all regions for .* and none is under way$/);
    expect(await writersOf(setup)).toContain('ap');
    await rejoinAll(setup, 'ap');
  });

  it('stops before the fence where no operator door of the region answers', async () => {
    const origin = await webServer((_request, response) => void response.writeHead(404).end());
    const regions = { ...configuration?.regions };
    await setup.configure({ ...configuration, regions: { ...regions, ap: { ...regions['ap'], origin } } });
    const ran = await setup.ops(...SWITCH, '--to', 'us');
    expect(ran.exit, ran.stdout).toBe(5);
    expect(ran.records.at(-1)).toMatchObject({
      summary: expect.stringMatching(/^pause: no operator door of ap answers \(no-door\): no write was paused/),
    });
    await setup.lab.region('ap').pool({ max: 1 }).query('SELECT 1');
    const aborted = await setup.ops('failover', 'abort', '--execute');
    expect(aborted.exit, aborted.stdout).toBe(3);
    expect(aborted.stdout).toContain('Not known: whether the apps hold writes');
    expect(aborted.stdout).not.toContain('Nothing of it is left');
    await setup.configure({ ...configuration, failover: { pauseSeconds: 0 } });
    const without = await setup.ops(...SWITCH, '--to', 'us');
    expect(without.exit, without.stdout).toBe(0);
    expect(evidence(without, 'pause')).toContain('no operatorToken and no hook');
  });
});
