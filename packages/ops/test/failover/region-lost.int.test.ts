import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dnsServer, type Zone } from '../doctor/front/dns-server.ts';
import { webServer } from '../doctor/front/web-server.ts';
import type { Ran } from '../run.ts';
import { lastRun, start, untilBegun } from './child.ts';
import { startHookServer } from './hook-server.ts';
import { createSetup, type Name, rejoinAll, type Setup } from './lab-setup.ts';

let setup: Setup;
let primary: Name = 'us';
beforeAll(async () => {
  setup = await createSetup();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

type Region = Record<string, unknown>;

/** The configuration of the lab, with what a test adds to each region. */
async function configure(add: (name: Name) => Region, rest: Record<string, unknown>): Promise<void> {
  const regions = Object.fromEntries(
    setup.lab.regions.map(({ name, connectionString }) => {
      const url = new URL(connectionString);
      url.username = 'ops';
      url.password = 'ops';
      return [name, { databases: [url.href], app: connectionString, ...add(name) }];
    }),
  );
  await setup.configure({ regions, ...rest } as never);
}

const OPTIONS = ['--accept-loss', 'unknown', '--stable', '300ms', '--apps-within', '100ms'];

/** Kills the primary, and waits until its standbys know it. */
async function lose(): Promise<readonly string[]> {
  const { lab } = setup;
  const to = { us: 'eu', eu: 'ap', ap: 'us' }[primary] as Name;
  const args = ['--from', primary, '--to', to, ...OPTIONS];
  await lab.region(primary).kill();
  await expect
    .poll(async () => (await setup.ops('failover', 'plan', ...args)).exit, { timeout: 60_000, interval: 200 })
    .toBe(0);
  primary = to;
  return args;
}

const step = ({ records }: Ran, name: string): { readonly state: string; readonly evidence: string } | undefined =>
  records.findLast((one) => one.type === 'step' && one.name === name && one.state !== 'started') as never;

describe('scale', () => {
  it('asks for capacity in the other regions, waits for it at the end alone, and warns at a limit', async () => {
    await using hooks = await startHookServer(() => 200);
    const capacity = { us: [6, 5.1, 20], eu: [4, 3.2, 8], ap: [1, 0.5, 20] } as const;
    await configure(
      (name) => ({ capacity: { current: capacity[name][0], peak: capacity[name][1], max: capacity[name][2] } }),
      {
        failover: { hooks: { scale: [{ webhook: hooks.url }] } },
      },
    );
    const ran = await setup.ops('failover', 'run', '--execute', ...(await lose()));
    expect(ran.exit, ran.stdout).toBe(0);
    const asked = hooks.events.map(({ event, region, wanted }) => [event, region, wanted]);
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(
      expect.arrayContaining([
        ['scale', 'eu', 8],
        ['scale', 'ap', 6],
      ]),
    );
    expect(ran.records.filter((one) => one.type === 'finding' && one.id === 'scale-limited')).toMatchObject([
      { level: 'warning', where: 'eu' },
    ]);
    expect(step(ran, 'scaled')).toMatchObject({ state: 'done', evidence: expect.stringContaining('answered 200') });
    await rejoinAll(setup, primary);
  });

  it('does not wait for a hook that hangs before the promotion, and ends with 3', async () => {
    await using hooks = await startHookServer(() => 'hang');
    await configure(() => ({ capacity: { current: 1, peak: 1, max: 9 } }), {
      failover: { hooks: { scale: [{ webhook: hooks.url, timeoutSeconds: 2 }] } },
    });
    const args = await lose();
    const before = await lastRun(setup);
    const command = start(setup, 'failover', 'run', '--execute', ...args, '--json');
    await untilBegun(setup, command, before?.id, 'write');
    expect((await lastRun(setup))?.lines.some(({ step }) => step === 'scaled')).toBe(false);
    const { code, stdout } = await command.ended;
    expect(code, stdout).toBe(3);
    expect(stdout).toContain('did not answer in time');
    await rejoinAll(setup, primary);
  });

  it('starts the hooks again after a kill, because it is not known how they ended', async () => {
    await using hooks = await startHookServer(() => 200);
    await configure(() => ({ capacity: { current: 1, peak: 1, max: 9 } }), {
      failover: { hooks: { scale: [{ webhook: hooks.url }] } },
    });
    const args = await lose();
    const before = await lastRun(setup);
    const command = start(setup, 'failover', 'run', '--execute', ...args, '--json');
    await untilBegun(setup, command, before?.id, 'promote');
    command.process.kill('SIGKILL');
    await command.ended;
    const ran = await setup.ops('failover', 'resume', '--execute');
    expect(ran.exit, ran.stdout).toBe(0);
    expect(step(ran, 'scaled')?.state).toBe('done');
    expect(hooks.events.filter(({ region }) => region === primary).length).toBeGreaterThanOrEqual(1);
    await rejoinAll(setup, primary);
  });
});

describe('dns', () => {
  const at = (address: string): Zone[string] => ({ address, ttl: 1 });
  const ADDRESSES = { us: '127.0.0.11', eu: '127.0.0.12', ap: '127.0.0.13' } as const;
  const front = { ttlSeconds: 1, intervalSeconds: 1, failures: 1 };
  const origins = (name: Name): Region => ({ origin: `http://${name}.example.com:1` });

  it('waits until the global host leads to another region', async () => {
    const lost = primary;
    const zone: Record<string, Zone[string]> = {
      'app.example.com': at(ADDRESSES[lost]),
      ...Object.fromEntries(Object.entries(ADDRESSES).map(([name, address]) => [`${name}.example.com`, at(address)])),
    };
    const server = await dnsServer(zone);
    const app = new URL(await webServer((_request, response) => void response.end('{"status":"pass"}')));
    // The apps that are left answer here; the lost one does not.
    await configure(
      (name) => ({ origin: name === lost ? `http://${name}.example.com:1` : `http://127.0.0.1:${app.port}` }),
      { hosts: ['app.example.com'], front: { ...front, dnsServers: [server] } },
    );
    const args = await lose();
    const before = await lastRun(setup);
    const command = start(setup, 'failover', 'run', '--execute', ...args, '--json');
    await untilBegun(setup, command, before?.id, 'dns');
    zone['app.example.com'] = at('127.0.0.1');
    const { code, stdout } = await command.ended;
    // The apps here show no detail of their health.
    expect([0, 3], stdout).toContain(code);
    const done = (await lastRun(setup))?.lines.findLast((line) => line.step === 'dns');
    expect(done).toMatchObject({
      state: 'done',
      evidence: { says: expect.stringContaining('leads to the other regions') },
    });
    await rejoinAll(setup, primary);
  });

  it('lets a region that lost its database alone stay in DNS', async () => {
    const app = await webServer((_request, response) => void response.end('{"status":"pass"}'));
    await configure(() => ({ origin: app }), { hosts: ['app.example.com'], front });
    const ran = await setup.ops('failover', 'run', '--execute', ...(await lose()));
    expect([0, 3], ran.stdout).toContain(ran.exit);
    expect(step(ran, 'dns')).toMatchObject({ state: 'done', evidence: expect.stringContaining('may stay in DNS') });
    await rejoinAll(setup, primary);
  });

  it('does not know where an address of no region leads', async () => {
    const server = await dnsServer({ 'app.example.com': at('127.0.0.99') });
    const lost = primary;
    const app = await webServer((_request, response) => void response.end('{"status":"pass"}'));
    await configure((name) => (name === lost ? origins(name) : { origin: app }), {
      hosts: ['app.example.com'],
      front: { ...front, dnsServers: [server] },
    });
    const ran = await setup.ops('failover', 'run', '--execute', ...(await lose()));
    expect(ran.exit, ran.stdout).toBe(3);
    expect(step(ran, 'dns')).toMatchObject({ state: 'unknown' });
    expect(ran.records.at(-1)).toMatchObject({ summary: expect.stringContaining('dns') });
  });
});
