import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ran } from '../run.ts';
import { lastRun, start, untilBegun } from './child.ts';
import { type FakeInstance, type FakeRds, fakeRds } from './fake-rds.ts';
import { createSetup, type Name, type Setup, writersOf } from './lab-setup.ts';

const AWS = { us: 'us-east-1', eu: 'eu-west-1', ap: 'ap-south-1' } as const;
const arnOf = (name: Name): string => `arn:aws:rds:${AWS[name]}:123456789012:db:app-${name}`;

let setup: Setup;
let rds: FakeRds;
/** While it is false a promotion does not begin. */
let goesOn = true;

beforeAll(async () => {
  setup = await createSetup();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await setup?.[Symbol.asyncDispose]();
});

/** As RDS does it: the instance is modified, restarted, and is available again without a source. */
async function promote(instance: FakeInstance): Promise<void> {
  const region = setup.lab.region(instance.id.slice('app-'.length) as Name);
  while (!goesOn) await new Promise((resolve) => setTimeout(resolve, 20));
  await region.promote({ follow: false });
  instance.source = undefined;
  instance.status = 'rebooting';
  await region.stop();
  await region.start();
  instance.status = 'available';
}

const change = (name: Name, to: Partial<FakeInstance>): void => void Object.assign(instanceOf(name), to);

/** Makes standbys of the others, as a person does afterwards. */
async function follow(primary: Name): Promise<void> {
  for (const region of setup.lab.regions) if (region.name !== primary) await region.rejoin();
  await setup.lab.caughtUp();
}

const instanceOf = (name: Name): FakeInstance => rds.instances.find(({ id }) => id === `app-${name}`) as FakeInstance;

beforeEach(async () => {
  goesOn = true;
  const { lab } = setup;
  const primary = (await writersOf(setup))[0] as Name;
  rds = await fakeRds(
    lab.regions.map(({ name, port }) => ({
      region: AWS[name],
      id: `app-${name}`,
      engine: 'postgres',
      status: 'available',
      source: name === primary ? undefined : arnOf(primary),
      port: Number(new URL(lab.region(name).connectionString).port) || port,
    })),
    promote,
  );
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_RDS: rds.url,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'a-secret-key-of-aws',
    AWS_EC2_METADATA_DISABLED: 'true',
  })) {
    vi.stubEnv(name, value);
  }
  await configure();
});

async function configure(arns: Partial<Record<Name, string>> = {}): Promise<void> {
  const regions = Object.fromEntries(
    setup.lab.regions.map(({ name, connectionString }) => {
      const url = new URL(connectionString);
      url.username = 'ops';
      url.password = 'ops';
      return [name, { databases: [url.href], app: connectionString, rds: [arns[name] ?? arnOf(name)] }] as const;
    }),
  );
  await setup.configure({ regions, failover: { adapter: 'rds' } });
}

const ids = ({ records }: Ran): readonly string[] =>
  records.flatMap((record) => (record.type === 'finding' ? [record.id] : []));
const evidenceOf = ({ records }: Ran, id: string): readonly string[] =>
  records.flatMap((record) => (record.type === 'finding' && record.id === id ? [record.evidence] : []));
const switchTo = (to: Name, verb = 'plan', ...rest: string[]): Promise<Ran> =>
  setup.ops('failover', verb, '--mode', 'switchover', '--to', to, '--stable', '500ms', ...rest);

describe('regionkit failover with Amazon RDS (a fake over the wire)', () => {
  it('plans, and says that it was never run against AWS', async () => {
    const ran = await switchTo('eu');
    expect(ran.exit, ran.stdout).toBe(0);
    expect(ran.stdout).toContain('never run against AWS');
    expect(rds.calls.every((call) => call.startsWith('DescribeDBInstances '))).toBe(true);
  });

  const REFUSALS: readonly (readonly [says: string, plant: () => void | Promise<void>, why: RegExp])[] = [
    ['a replica that is not available', () => change('eu', { status: 'backing-up' }), /eu.*status is backing-up/],
    ['a source that is not available', () => change('us', { status: 'storage-full' }), /app-us.*not available/],
    ['an instance that was promoted before', () => change('eu', { source: undefined }), /no read replica/],
    ['another engine', () => change('eu', { engine: 'aurora-postgresql' }), /aurora-postgresql/],
    [
      'an ARN of the wrong region',
      () => configure({ eu: arnOf('eu').replace('eu-west-1', 'eu-west-2') }),
      /no such DB/,
    ],
    ['an ARN of another instance', () => configure({ eu: arnOf('ap') }), /is not the server/],
    [
      'credentials that may not',
      () => void Object.assign(rds, { fault: ['AccessDenied', 403] }),
      /do not allow rds:Describe/,
    ],
    ['credentials that have expired', () => void Object.assign(rds, { fault: ['ExpiredToken', 403] }), /have expired/],
    ['an API that throttles', () => void Object.assign(rds, { fault: ['Throttling', 400] }), /too many requests/],
    [
      'an API that answers nonsense',
      () => void Object.assign(rds, { fault: 'garbage' }),
      /could not be asked|no such DB/,
    ],
  ];
  for (const [says, plant, why] of REFUSALS) {
    it(`refuses ${says}`, async () => {
      await plant();
      const ran = await switchTo('eu', 'run', '--execute');
      expect(ran.exit, ran.stdout + ran.stderr).toBe(4);
      expect(ids(ran)).toEqual(['managed']);
      expect(evidenceOf(ran, 'managed')[0]).toMatch(why);
      expect(ran.stdout).not.toMatch(/123456789012|a-secret-key|<<not xml/);
      expect(rds.calls.some((call) => call.startsWith('Promote'))).toBe(false);
      expect(await writersOf(setup)).toEqual(['us']);
    });
  }

  it('ends with 2 without an ARN of each server', async () => {
    const regions = Object.fromEntries(
      setup.lab.regions.map(({ name, connectionString }) => [name, { databases: [connectionString] }]),
    );
    await setup.configure({ regions, failover: { adapter: 'rds' } });
    const ran = await switchTo('eu');
    expect(ran.exit).toBe(2);
    expect(ran.stderr).toContain("regions['us'].rds must have the ARN of us/0");
  });

  it('goes on after a kill while RDS promotes, and asks for one promotion', async () => {
    goesOn = false;
    const before = await lastRun(setup);
    const options = ['--mode', 'switchover', '--to', 'eu', '--stable', '500ms', '--json'];
    const command = start(setup, 'failover', 'run', '--execute', ...options);
    await untilBegun(setup, command, before?.id, 'promote');
    await expect.poll(() => instanceOf('eu').status, { timeout: 30_000 }).toBe('modifying');
    command.process.kill('SIGKILL');
    expect((await command.ended).by).toBe('SIGKILL');
    const resumed = setup.ops('failover', 'resume', '--execute');
    await expect.poll(() => rds.calls.length, { timeout: 30_000 }).toBeGreaterThan(4);
    goesOn = true;
    const ran = await resumed;
    // The fork is not known after the restart.
    expect([0, 3], ran.stdout + ran.stderr).toContain(ran.exit);
    expect(await writersOf(setup)).toContain('eu');
    expect(rds.calls.filter((call) => call === 'PromoteReadReplica eu-west-1 app-eu')).toHaveLength(1);
    const steps = ran.records.flatMap((one) => (one.type === 'step' && one.state === 'done' ? [one.name] : []));
    expect(steps).toEqual(expect.arrayContaining(['promote', 'write', 'stable']));
    await follow('eu');
  });

  it('fails over in the region of the replica alone, and proves it by SQL', async () => {
    await setup.lab.region('eu').kill();
    const plan = ['failover', 'plan', '--from', 'eu', '--to', 'ap', '--accept-loss', 'unknown'];
    await expect.poll(async () => (await setup.ops(...plan)).exit, { timeout: 60_000, interval: 200 }).toBe(0);
    const ran = await setup.ops(
      ...[
        'failover',
        'run',
        '--from',
        'eu',
        '--to',
        'ap',
        '--accept-loss',
        'unknown',
        '--stable',
        '500ms',
        '--execute',
      ],
    );
    expect([0, 3], ran.stdout + ran.stderr).toContain(ran.exit);
    expect(await writersOf(setup)).toEqual(['ap']);
    expect(rds.calls.filter((call) => call.includes(AWS.eu))).toEqual([]);
    expect(rds.calls.filter((call) => call.startsWith('Promote'))).toEqual(['PromoteReadReplica ap-south-1 app-ap']);
    await follow('ap');
  });

  it('says when RDS refuses the promotion, promotes nothing, and resume goes on', async () => {
    rds.refusal = ['InvalidDBInstanceState', 400];
    const ran = await switchTo('us', 'run', '--execute');
    expect(ran.exit, ran.stdout).toBe(5);
    expect(ran.records.at(-1)).toMatchObject({
      summary: expect.stringMatching(/^promote: us\/0 could not be promoted/),
    });
    expect(await writersOf(setup)).toEqual(['ap']);
    expect((await setup.ops('failover', 'resume', '--execute')).exit).toBe(5);
    rds.refusal = undefined;
    const gone = await setup.ops('failover', 'resume', '--execute');
    expect([0, 3], gone.stdout).toContain(gone.exit);
    expect(await writersOf(setup)).toContain('us');
  });
});
