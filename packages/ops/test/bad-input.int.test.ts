import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findings, found } from './doctor/plant.ts';
import { createSetup, type Name, type Setup, writersOf } from './failover/lab-setup.ts';
import { serversOf } from './status/commands.ts';

let setup: Setup;
beforeAll(async () => {
  setup = await createSetup();
});
afterEach(() => setup.configure());
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const PASSWORD = 'not-the-password';

/** The connection string of a region with changes. */
function url(name: Name, changes: { readonly username?: string; readonly password?: string; readonly port?: string }) {
  return Object.assign(new URL(setup.lab.region(name).connectionString), changes).href;
}

const databases = (urls: Readonly<Record<Name, string>>) =>
  setup.configure({
    regions: Object.fromEntries(Object.entries(urls).map(([name, one]) => [name, { databases: [one] }])),
  });

const OPS = { username: 'ops', password: 'ops' };
const plan = (...args: string[]) => setup.ops('failover', 'plan', '--from', 'us', '--accept-loss', 'unknown', ...args);

describe('a wrong password', () => {
  const wrong = { ...OPS, password: PASSWORD };

  it('status shows which server refused it, and the others', async () => {
    await databases({ us: url('us', OPS), eu: url('eu', wrong), ap: url('ap', OPS) });
    const ran = await setup.ops('status');
    expect(ran.exit, ran.stdout).toBe(3);
    expect(serversOf(ran).map(({ where, role, why }) => [where, role, why])).toEqual([
      ['us/0', 'writer', undefined],
      ['eu/0', 'unknown', 'wrong-password'],
      ['ap/0', 'standby', undefined],
    ]);
    expect(ran.stdout + ran.stderr).not.toContain(PASSWORD);
  });

  it('status does not say that there is no writer when no server let it in', async () => {
    await databases({ us: url('us', wrong), eu: url('eu', wrong), ap: url('ap', wrong) });
    const ran = await setup.ops('status');
    expect(ran.exit, ran.stdout).toBe(3);
    expect(serversOf(ran).map(({ why }) => why)).toEqual(Array.from({ length: 3 }, () => 'wrong-password'));
  });

  it('failover plan takes a server that refuses the login for one that lives', async () => {
    await databases({ us: url('us', wrong), eu: url('eu', OPS), ap: url('ap', OPS) });
    const ran = await plan();
    expect(ran.exit, ran.stdout).toBe(4);
    expect(ran.stdout).toContain('alive: us/0 answers, but cannot be examined (wrong-password)');
    expect(ran.stdout + ran.stderr).not.toContain(PASSWORD);
  });

  it('failover plan is refused where no standby lets it in', async () => {
    await databases({ us: url('us', OPS), eu: url('eu', wrong), ap: url('ap', wrong) });
    const ran = await plan();
    expect(ran.exit, ran.stdout).toBe(4);
    expect(found(ran)).toContain('fault last-region us');
  });
});

describe('a role without pg_monitor', () => {
  const BLIND = { username: 'blind', password: 'blind' };
  beforeAll(async () => {
    await setup.lab.primary.query("CREATE ROLE blind LOGIN PASSWORD 'blind'");
    await setup.lab.caughtUp();
  });

  it('status shows who takes writes', async () => {
    await databases({ us: url('us', BLIND), eu: url('eu', BLIND), ap: url('ap', BLIND) });
    const ran = await setup.ops('status');
    expect(ran.exit, ran.stdout).toBe(0);
    expect(serversOf(ran).map(({ role }) => role)).toEqual(['writer', 'standby', 'standby']);
  });

  it('doctor says that it has seen nothing of the replication', async () => {
    await databases({ us: url('us', BLIND), eu: url('eu', BLIND), ap: url('ap', BLIND) });
    const ran = await setup.ops('doctor');
    expect(found(ran).filter((one) => one.startsWith('unknown'))).toEqual(
      ['us', 'eu', 'ap'].map((name) => `unknown no-pg-monitor ${name}/0`),
    );
  });

  // A standby hides from it that it streams. From a machine that alone cannot reach the primary all would see it gone.
  it('failover is refused, and says which right is missing: the primary lives', async () => {
    await databases({ us: url('us', { ...BLIND, port: '1' }), eu: url('eu', BLIND), ap: url('ap', BLIND) });
    for (const ran of [
      await plan(),
      await setup.ops('failover', 'run', '--from', 'us', '--accept-loss', 'unknown', '--stable', '1s', '--execute'),
    ]) {
      expect(ran.exit, ran.stdout).toBe(4);
      expect(found(ran)).toEqual(['fault last-region eu/0', 'fault too-few-vantages us']);
      expect(findings(ran)[0]).toMatchObject({
        evidence: 'The role of the configuration has no pg_monitor: eu/0 and ap/0 could not be examined.',
        fix: expect.stringContaining('GRANT pg_monitor'),
      });
    }
    expect(await writersOf(setup)).toEqual(['us']);
  });
});
