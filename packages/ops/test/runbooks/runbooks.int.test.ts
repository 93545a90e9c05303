import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ledgerSql } from '@regionkit/db-router/ledger';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { FROM_SOURCES } from '../../../../tools/regionkit.ts';
import { HEALTHY } from '../doctor/plant.ts';
import { startHookServer } from '../failover/hook-server.ts';
import { createSetup, rejoinAll, type Setup, writersOf } from '../failover/lab-setup.ts';
import { MAKE_TAIL_SLOT } from '../tail-slot.ts';
import { wordsOf } from '../understood.ts';
import { createPlayer, type Player } from './play.ts';

const TOKEN = 'a-token-of-health-for-operators';
const WAIT = { timeout: 100_000, interval: 200 };
const APP = fileURLToPath(new URL('./app.ts', import.meta.url));

let setup: Setup;
let player: Player;
beforeAll(async () => {
  setup = await createSetup({ ...HEALTHY, wal_level: 'logical' });
  player = createPlayer(setup);
  const us = setup.lab.region('us');
  await us.query(`CREATE TABLE t (x int PRIMARY KEY); ALTER ROLE ops REPLICATION;
    GRANT pg_read_all_data, pg_read_server_files TO ops; CREATE EXTENSION IF NOT EXISTS pg_walinspect`);
  await us.query(ledgerSql({ role: 'app' }));
  await us.query(MAKE_TAIL_SLOT);
  await us.query('INSERT INTO t VALUES (1)');
  await setup.lab.caughtUp();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

describe('the runbooks, in their order, on three regions', () => {
  it('confirm, failover, salvage, rebuild, and back', async () => {
    const { lab } = setup;
    const [us, eu, ap] = [lab.region('us'), lab.region('eu'), lab.region('ap')];
    let isGoingBack = false;
    await using hooks = await startHookServer(async (event) => {
      if (event === 'rebuild') await us.rejoin({ of: 'eu' });
      // Of the switchover: the primary that is well is stopped cleanly. The lost one cannot be.
      if (event === 'fence' && isGoingBack) await eu.stop();
      return 200;
    });
    const hook = [{ webhook: hooks.url, timeoutSeconds: 100 }];
    await setup.configure({ failover: { hooks: { rebuild: hook, fence: hook } } });

    // The region is lost with two writes that no other region has.
    await us.partition();
    await us.query('INSERT INTO t VALUES (2)');
    await us.query('INSERT INTO t VALUES (3)');
    await us.kill();
    const plan = await player.onTheLab('failover plan --from us-east-1 --accept-loss 30s');
    await expect.poll(async () => (await setup.ops(...plan.split(' '))).exit, WAIT).toBe(0);

    const confirmed = await player.play('confirm.md', {
      curl: async () => void (await expect(us.pool({ max: 1 }).query('SELECT 1')).rejects.toThrow()),
    });
    expect(confirmed).toEqual([
      expect.stringMatching(/^npx regionkit status = [13]$/),
      'npx regionkit failover plan --from us-east-1 --accept-loss 30s = 0',
    ]);
    expect(await writersOf(setup)).toEqual([]);

    const failedOver = await player.play('failover.md', {
      // The lab gives the other standby its new upstream.
      psql: async () => void (await eu.promote()),
    });
    expect(failedOver).toEqual([
      'npx regionkit failover run --from us-east-1 --accept-loss 30s --rebuild --execute = 5',
      expect.stringMatching(/^npx regionkit status = [13]$/),
      'npx regionkit smoke-test --region eu-west-1 = 0',
    ]);
    expect(await writersOf(setup)).toEqual(['eu']);
    expect(hooks.events.map(({ event }) => event)).not.toContain('rebuild');

    await us.heal();
    await us.returnAsIs();
    expect(await player.play('salvage.md'), player.outputs.slice(-2).join('\n')).toEqual([
      expect.stringMatching(/ doctor --only manager-rewinds = 0$/),
      'npx regionkit fence --region us-east-1 --execute = 0',
      'npx regionkit salvage --run runs/20261130-055303-f75d.ndjson --out lost = 10',
      'npx regionkit salvage --run runs/20261130-055303-f75d.ndjson --out lost-keys --ledger = 10',
    ]);
    expect(await readdir(join(setup.directory, 'lost'))).toEqual(
      expect.arrayContaining(['report.md', 'summary.json', 'lost-writes.ndjson', 'review.sql']),
    );
    expect(await readdir(join(setup.directory, 'lost-keys'))).toContain('lost-keys.ndjson');

    const back = await player.play('rebuild-and-failback.md', {
      'npx regionkit doctor --only not-streaming': () => lab.caughtUp().then(() => {}),
      'npx regionkit failover run --mode switchover --from eu-west-1 --to us-east-1 --execute': async () => {
        isGoingBack = true;
      },
      'npx regionkit doctor': () => rejoinAll(setup, 'us'),
    });
    expect(back).toEqual([
      'npx regionkit failover resume --execute = 0',
      'npx regionkit doctor --only not-streaming = 0',
      'npx regionkit smoke-test --region us-east-1 = 0',
      'npx regionkit failover plan --mode switchover --from eu-west-1 --to us-east-1 = 0',
      'npx regionkit failover run --mode switchover --from eu-west-1 --to us-east-1 --execute = 0',
      'npx regionkit doctor = 0',
    ]);
    expect(hooks.events.filter(({ event }) => event === 'rebuild')).toHaveLength(1);
    expect(await writersOf(setup)).toEqual(['us']);
    expect(ap.status).toBe('up');
    // What "How you know that it worked" asks for.
    expect((await setup.ops('status')).exit).toBe(0);
  });

  it('drain and deploy', async () => {
    await setup.configure();
    const first = await startApp('1.3.0');
    let current = first;
    const origin = await balancer(() => current.port);
    const regions = Object.fromEntries(
      setup.lab.regions.map(({ name, connectionString }) => {
        const url = new URL(connectionString);
        [url.username, url.password] = ['ops', 'ops'];
        return [name, { databases: [url.href], app: connectionString, ...(name === 'us' && { origin }) }];
      }),
    );
    await setup.configure({ regions, healthToken: TOKEN });

    const seen: number[] = [];
    const played = await player.play('drain-and-deploy.md', {
      kill: async () => {
        current = await startApp('1.4.0');
        const ended = once(first.child, 'exit');
        first.child.kill('SIGTERM');
        // It says that it leaves, and goes on serving meanwhile.
        await expect.poll(async () => (await at(first.port, '/readyz')).status, { ...WAIT, interval: 5 }).toBe(503);
        seen.push((await at(first.port, '/')).status);
        const [status] = await ended;
        seen.push(status);
      },
    });
    expect(seen).toEqual([200, 0]);
    expect(played).toEqual([
      'npx regionkit doctor = 0',
      'npx regionkit smoke-test --region eu-west-1 = 0',
      'npx regionkit smoke-test --region us-east-1 --expect-version 1.4.0 = 0',
      'npx regionkit smoke-test --region us-east-1 --observe 5m --interval 10s --min-samples 20 = 0',
    ]);
    // The step that tests the version can fail.
    const [, , ...args] = wordsOf(
      await player.onTheLab('npx regionkit smoke-test --region us-east-1 --expect-version 1.5.0'),
    );
    expect((await setup.ops(...args)).exit).toBe(1);
  });
});

interface App {
  readonly port: number;
  readonly child: ChildProcess;
}

async function startApp(version: string): Promise<App> {
  const { connectionString } = setup.lab.region('us');
  const args = [...FROM_SOURCES, APP, 'us', connectionString, version, TOKEN];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    return { port: Number(line), child };
  }
  throw new Error('the app ended before it listened');
}

const at = (port: number, path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);

/** Leads to one process, as a balancer does when the other one is not ready. */
async function balancer(port: () => number): Promise<string> {
  const server = createServer(async (request, response) => {
    const headers = { authorization: request.headers.authorization ?? '' };
    const answer = await fetch(`http://127.0.0.1:${port()}${request.url}`, { headers }).catch(() => undefined);
    response.writeHead(answer?.status ?? 502, { 'content-type': answer?.headers.get('content-type') ?? 'text/plain' });
    response.end(await answer?.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
