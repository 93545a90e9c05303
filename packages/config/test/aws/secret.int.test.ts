import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { z } from 'zod';
import { type AwsClients, awsClients, secret } from '../../src/aws/index.ts';
import { loadConfig } from '../../src/index.ts';
import { type FakeAws, type FaultKind, fakeAws } from '../../src/testing/index.ts';
import { type FakeClock, fakeClock } from '../support.ts';
import { clientsOf, EU, regions, US } from './aws-support.ts';

const Db = z.object({ username: z.string(), password: z.string() });

let aws: FakeAws;
let clients: AwsClients;
let clock: FakeClock;
let looks: number;

beforeEach(async () => {
  clock = fakeClock();
  looks = 0;
  aws = await fakeAws({ regions: [US, EU] });
  clients = clientsOf(aws);
});
afterEach(async () => {
  clients.close();
  await aws.close();
});

/** Deadlines pass when a test says so: sockets are real, and as slow as they are. */
const options = () => ({ regions, fallbackRegions: [EU], clock, random: () => 0.5 });

/** The deadline passes for what has been asked of a region. */
const expire = async (region: string, calls = 1): Promise<void> => {
  await vi.waitFor(() => expect(aws.region(region).calls.length).toBeGreaterThanOrEqual(calls), { timeout: 20_000 });
  await clock.advance(3_000);
};
/** From here on another refresh may be forced. */
const floor = (): Promise<void> => clock.advance(5_000);

interface Refreshes {
  on(event: 'refreshed', listener: (payload: { readonly key: string }) => void): unknown;
}
/** Goes on to the moment of the next look and no further, since sockets take real time, and waits for how it ends. */
const nextLook = async (config: Refreshes, key: string): Promise<unknown> => {
  for (const region of [US, EU]) aws.region(region).clearCalls();
  const refreshed = new Promise((resolve) => {
    config.on('refreshed', (payload) => payload.key === key && resolve(payload));
  });
  await clock.advance(looks === 0 ? 450_000 : 900_000);
  looks += 1;
  return refreshed;
};

test('a secret is read by the real SDK, checked and typed', async () => {
  const db = aws.secret('prod/app/db', { value: { username: 'app', password: 'first' } });
  await using config = await loadConfig({
    ...options(),
    sources: { db: secret('prod/app/db', { schema: Db, clients }) },
  });
  expect(config.get('db').password).toBe('first');
  expect(config.version('db')).toBe(db.versionId());
  expect(config.status().keys.db).toMatchObject({ state: 'fresh', region: US, endpoint: aws.region(US).endpoint });
  expectTypeOf(config.get('db').password).toEqualTypeOf<string>();
});

describe('the fallback region', () => {
  test.each<FaultKind>(['hang', 'reset', 'error', 'throttle', 'truncate', 'drip', 'redirect', 'expired-token'])(
    'answers when the first has the fault %s',
    async (fault) => {
      const db = aws.secret('prod/app/db', { value: { username: 'app', password: 'first' } });
      aws.region(US).fault(fault);
      const start = loadConfig({ ...options(), sources: { db: secret(db.arn(US), { schema: Db, clients }) } });
      if (fault === 'hang' || fault === 'drip') await expire(US);
      await using config = await start;
      expect(config.get('db').password).toBe('first');
      expect(config.status().keys.db.region).toBe(EU);
      expect(aws.region(EU).calls.map(({ input }) => input['SecretId'])).toEqual([db.arn(EU)]);
    },
  );

  test.each<[FaultKind, string]>([
    ['denied', 'denied'],
    ['undecryptable', 'undecryptable'],
  ])('is not asked when the first answers %s', async (fault, failure) => {
    aws.secret('prod/app/db', { value: { username: 'app', password: 'first' } });
    aws.region(US).fault(fault);
    const start = loadConfig({ ...options(), sources: { db: secret('prod/app/db', { schema: Db, clients }) } });
    await expect(start).rejects.toMatchObject({ problems: [{ key: 'db', failure }] });
    expect(aws.region(EU).calls).toEqual([]);
  });

  test('is not asked when the secret is not there or is marked for deletion', async () => {
    aws.secret('gone', { value: 'x' }).delete();
    const start = loadConfig({
      ...options(),
      sources: { a: secret('none', { clients }), b: secret('gone', { clients }) },
    });
    await expect(start).rejects.toMatchObject({
      problems: [
        { key: 'a', failure: 'not-found' },
        { key: 'b', failure: 'not-found' },
      ],
    });
    expect(aws.region(EU).calls).toEqual([]);
  });

  test('is asked after an answer of any kind, if one asks for that', async () => {
    aws.secret('prod/app/db', { value: 'x' });
    aws.region(US).fault('denied');
    await using config = await loadConfig({
      ...options(),
      refresh: { fallbackOn: ['denied'] },
      sources: { db: secret('prod/app/db', { clients }) },
    });
    expect(config.status().keys.db.region).toBe(EU);
  });

  test('is asked when credentials hang, which the SDK cannot be told to stop', async () => {
    aws.secret('prod/app/db', { value: 'x' });
    const hanging = awsClients({
      secretsManager: (region) =>
        new SecretsManagerClient({
          region,
          endpoint: aws.connection.endpoint(region),
          credentials: region === US ? () => new Promise(() => {}) : aws.connection.credentials,
        }),
    });
    const start = loadConfig({ ...options(), sources: { db: secret('prod/app/db', { clients: hanging }) } });
    await clock.advance(3_000);
    await using config = await start;
    expect(config.status().keys.db.region).toBe(EU);
  });
});

test('with every region down, start fails within the deadlines and says what each answered', async () => {
  aws.region(US).fault('hang');
  aws.region(EU).fault('error');
  const start = loadConfig({ ...options(), sources: { db: secret('prod/app/db', { clients }) } });
  start.catch(() => {});
  await expire(US);
  await expect(start).rejects.toMatchObject({
    code: 'ERR_CONFIG_START',
    problems: [
      {
        key: 'db',
        failure: 'timeout',
        attempts: [
          { region: US, failure: 'timeout' },
          { region: EU, failure: 'unavailable' },
        ],
      },
    ],
  });
});

test('a replica that lags never replaces a newer version, and a refresh finds the newest anywhere', async () => {
  const db = aws.secret('prod/app/db', { value: 'first', region: EU });
  await using config = await loadConfig({ ...options(), sources: { db: secret('prod/app/db', { clients }) } });
  db.pauseReplication(US);
  db.put('second');
  expect(await config.refresh('db', { reason: 'rejected' })).toBe('changed');
  expect(config.get('db')).toBe('second');
  await floor();
  aws.region(EU).fault('error');
  expect(await config.refresh('db')).toBe('held');
  expect(config.get('db')).toBe('second');
  expect(config.status().keys.db.held).toMatchObject({ region: US });
  await floor();
  db.resumeReplication(US);
  expect(await config.refresh('db')).toBe('unchanged');
});

test('pending and previous versions are read on request and never become current', async () => {
  const db = aws.secret('prod/app/db', { value: 'first' });
  await using config = await loadConfig({ ...options(), sources: { db: secret('prod/app/db', { clients }) } });
  const ref = config.ref('db');
  expect(await ref.at('pending')).toBeUndefined();
  const id = db.put('second', { stages: ['AWSPENDING'] });
  expect(await ref.at('pending')).toBe('second');
  expect(config.get('db')).toBe('first');
  db.stage('AWSCURRENT', id);
  await config.refresh('db');
  expect(config.get('db')).toBe('second');
  expect(await ref.at('previous')).toBe('first');
});

describe('several secrets', () => {
  test('of a region that comes back and lags do not replace newer ones, though one call reads them', async () => {
    const secrets = ['a', 'b'].map((name) => aws.secret(name, { value: 'first', region: EU }));
    for (const one of secrets) {
      one.pauseReplication(US);
      one.put('second');
    }
    aws.region(US).fault('error');
    const sources = { a: secret('a', { clients }), b: secret('b', { clients }) };
    await using config = await loadConfig({ ...options(), sources });
    expect([config.get('a'), config.get('b')]).toEqual(['second', 'second']);
    aws.region(US).heal();
    expect(await nextLook(config, 'b')).toMatchObject({ outcome: 'held' });
    expect([config.get('a'), config.get('b')]).toEqual(['second', 'second']);
  });

  const operations = (region: string): string[] => aws.region(region).calls.map(({ operation }) => operation);
  const times = (n: number, operation: string): string[] => Array<string>(n).fill(operation);
  const GET = 'GetSecretValue';
  const BATCH = 'BatchGetSecretValue';

  test('are looked at in calls of twenty, and what has changed is read by itself', async () => {
    const names = Array.from({ length: 23 }, (_, n) => `prod/app/${n}`);
    const secrets = names.map((name) => aws.secret(name, { value: `value of ${name}` }));
    const sources = Object.fromEntries(names.map((name) => [name, secret(name, { clients })]));
    await using config = await loadConfig({ ...options(), sources });
    expect(config.get('prod/app/22')).toBe('value of prod/app/22');
    expect(operations(US)).toEqual(times(23, GET));

    await nextLook(config, 'prod/app/22');
    expect(operations(US)).toEqual(times(2, BATCH));

    secrets[7]?.put('another');
    expect(await nextLook(config, 'prod/app/7')).toMatchObject({ outcome: 'changed' });
    expect(config.get('prod/app/7')).toBe('another');
    expect(operations(US).toSorted()).toEqual([...times(2, BATCH), GET]);
    expect(config.version('prod/app/7')).toBe(secrets[7]?.versionId());
  });

  test('keep each its own error', async () => {
    const gone = aws.secret('a', { value: 'x' });
    for (const name of ['b', 'c']) aws.secret(name, { value: 'y' });
    const sources = { a: secret('a', { clients }), b: secret('b', { clients }), c: secret('c', { clients }) };
    const start = loadConfig({ ...options(), sources: { ...sources, none: secret('none', { clients }) } });
    await expect(start).rejects.toMatchObject({ problems: [{ key: 'none', failure: 'not-found' }] });
    await using config = await loadConfig({ ...options(), sources });
    gone.delete();
    await nextLook(config, 'c');
    expect(operations(US)).toEqual([BATCH]);
    expect(config.status().keys.a).toMatchObject({ state: 'stale', refreshError: { failure: 'not-found' } });
    expect(config.status().keys.b.state).toBe('fresh');
  });

  test('are asked of the fallback region together when the first is down', async () => {
    aws.secret('a', { value: 'x' });
    aws.secret('b', { value: 'y' });
    aws.region(US).fault('error');
    const sources = { a: secret('a', { clients }), b: secret('b', { clients }) };
    await using config = await loadConfig({ ...options(), sources });
    expect([config.get('a'), config.get('b')]).toEqual(['x', 'y']);
    await nextLook(config, 'b');
    expect(operations(EU)).toEqual([BATCH]);
  });

  test('are read one by one when the call as a whole is refused for what is in it', async () => {
    aws.secret('a', { value: 'x' });
    aws.secret('b', { value: 'y' });
    aws.region(US).fault('undecryptable', { operations: [BATCH] });
    const sources = {
      a: secret('a', { clients }),
      b: secret('b', { clients }),
      c: secret('a', { batch: false, clients }),
    };
    await using config = await loadConfig({ ...options(), sources });
    expect([config.get('a'), config.get('b'), config.get('c')]).toEqual(['x', 'y', 'x']);
    await nextLook(config, 'b');
    expect(operations(US).toSorted()).toEqual([BATCH, ...times(3, GET)]);
    expect(config.status().verdict).toBe('pass');
    expect(aws.region(EU).calls).toEqual([]);
  });

  test('are read one by one where the role may not read them together, and the batch is not tried again', async () => {
    aws.secret('a', { value: 'x' });
    aws.secret('b', { value: 'y' });
    aws.region(US).fault('denied', { operations: [BATCH] });
    const sources = { a: secret('a', { clients }), b: secret('b', { clients }) };
    await using config = await loadConfig({ ...options(), sources });
    await nextLook(config, 'b');
    expect(operations(US).toSorted()).toEqual([BATCH, ...times(2, GET)]);
    await nextLook(config, 'b');
    expect(operations(US)).toEqual(times(2, GET));
    expect([config.get('a'), config.get('b'), config.status().verdict]).toEqual(['x', 'y', 'pass']);
  });
});

test('a version under a label of one’s own is read, and has no other stages', async () => {
  const flags = aws.secret('flags', { value: 'for all' });
  flags.put('for some', { stages: ['canary'] });
  await using config = await loadConfig({
    ...options(),
    sources: { all: secret('flags', { clients }), some: secret('flags', { stage: 'canary', clients }) },
  });
  expect([config.get('all'), config.get('some')]).toEqual(['for all', 'for some']);
  expect(await config.ref('some').at('pending')).toBeUndefined();
});

test('a clock that is an hour off, here or there, is corrected by the SDK', async () => {
  aws.secret('prod/app/db', { value: 'x' });
  aws.region(US).skewClock(3_600_000);
  const patient = awsClients(aws.connection);
  await using config = await loadConfig({
    ...options(),
    sources: { db: secret('prod/app/db', { clients: patient }) },
  });
  expect(config.status().keys.db.region).toBe(US);
  patient.close();
});
