import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { S3 } from '@aws-sdk/client-s3';
import { SSM } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dynamoDbEpochStore } from '../../src/epoch-stores/dynamodb.ts';
import { EpochStoreError } from '../../src/epoch-stores/epoch-store-error.ts';
import { parameterEpochStore } from '../../src/epoch-stores/parameter-store.ts';
import { postgresEpochStore } from '../../src/epoch-stores/postgres.ts';
import { s3EpochStore } from '../../src/epoch-stores/s3.ts';
import type { EpochStore } from '../../src/history/epoch-store.ts';
import { type AwsWire, awsWire } from '../support/aws-wire.ts';
import { describeEpochStore, type Place } from './epoch-store.contract.ts';

const SECRETS = ['AKIAEXAMPLE', 'the-secret-key-of-a-test', 'a message that nobody may see'];
const TIMEOUT_MS = 4_000;

function connection(url: string) {
  return {
    endpoint: url,
    region: 'eu-central-1',
    maxAttempts: 2,
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'the-secret-key-of-a-test' },
  };
}

/** The wire, with what is special of one store. */
function placeOn(
  wire: AwsWire,
  open: (url: string) => { readonly store: EpochStore; close(): void },
  put?: Place['put'],
): Place {
  const opened: { close(): void }[] = [];
  return {
    open: () => {
      const { store, close } = open(wire.url);
      opened.push({ close });
      return store;
    },
    faults: {
      hang: 'timeout',
      throttle: 'throttled',
      denied: 'denied',
      down: 'unavailable',
      'lost-answer': undefined,
    },
    fault: (kind) => wire.fault(kind),
    heal: wire.heal,
    secrets: SECRETS,
    ...(put !== undefined && { put }),
    close: async () => {
      for (const { close } of opened) close();
      await wire.close();
    },
  };
}

const s3At = (url: string) => {
  const client = new S3({ ...connection(url), forcePathStyle: true });
  const store = s3EpochStore({ client, bucket: 'shop', key: 'epoch.json', timeoutMs: TIMEOUT_MS });
  return { store, close: () => client.destroy() };
};
const dynamoDbAt = (url: string) => {
  const client = new DynamoDB(connection(url));
  return {
    store: dynamoDbEpochStore({ client, table: 'shop', timeoutMs: TIMEOUT_MS }),
    close: () => client.destroy(),
  };
};
const parameterAt = (url: string) => {
  const client = new SSM(connection(url));
  return {
    store: parameterEpochStore({ client, name: '/shop/epoch', timeoutMs: TIMEOUT_MS }),
    close: () => client.destroy(),
  };
};

describeEpochStore('s3EpochStore()', async () => {
  const wire = await awsWire();
  return placeOn(wire, s3At, (value) => void wire.objects.set('shop/epoch.json', Buffer.from(value as string)));
});

describeEpochStore('dynamoDbEpochStore()', async () => {
  const wire = await awsWire();
  return placeOn(
    wire,
    dynamoDbAt,
    (value) =>
      void wire.items.set('shop/regionkit-epoch', { name: { S: 'regionkit-epoch' }, epoch: { S: String(value) } }),
  );
});

describeEpochStore('parameterEpochStore()', async () => {
  const wire = await awsWire();
  return placeOn(wire, parameterAt, (value) => void wire.parameters.set('/shop/epoch', [String(value)]));
});

describeEpochStore('a store of an app, in memory', () => {
  let value: string | undefined;
  return {
    open: () => ({
      load: async () => value,
      save: async (next, before) => {
        if (before !== value) throw new EpochStoreError('of an app', 'conflict');
        value = next;
      },
    }),
    faults: {},
    fault: () => {},
    heal: () => {},
    put: (given) => {
      value = String(given).slice(0, 65_536);
    },
    secrets: [],
  };
});

describe('stores over the SDKs', () => {
  let wire: AwsWire;
  beforeEach(async () => {
    wire = await awsWire();
  });
  afterEach(() => wire.close());

  it.each([
    ['s3EpochStore', s3At, { reason: 'conflict' }],
    ['dynamoDbEpochStore', dynamoDbAt, { reason: 'conflict' }],
    // It finds that what it has overwritten is the same.
    ['parameterEpochStore', parameterAt, undefined],
  ] as const)(
    '%s: a save whose answer was lost is tried again by the SDK, and never done twice unnoticed',
    async (_name, at, failure) => {
      const { store, close } = at(wire.url);
      await store.load();
      await store.save('before', undefined);
      wire.fault('lost-answer', { of: 'writes', times: 1 });
      const error = await store.save('after', 'before').catch((thrown: unknown) => thrown);
      if (failure === undefined) expect(error).toBeUndefined();
      else expect(error).toMatchObject(failure);
      expect(await store.load()).toBe('after');
      await store.save('later', 'after');
      expect(await store.load()).toBe('later');
      close();
    },
  );

  it('s3EpochStore: an object that was deleted since is a conflict, and a bucket that is missing says so', async () => {
    const { store, close } = s3At(wire.url);
    await store.save('first', undefined);
    wire.objects.clear();
    await expect(store.save('second', 'first')).rejects.toMatchObject({ reason: 'conflict' });
    expect(await store.load()).toBeUndefined();
    await store.save('second', undefined);
    const client = new S3({ ...connection(wire.url), forcePathStyle: true });
    const elsewhere = s3EpochStore({ client, bucket: 'no-such-bucket', timeoutMs: TIMEOUT_MS });
    await expect(elsewhere.load()).rejects.toMatchObject({ reason: 'missing' });
    client.destroy();
    close();
  });

  it.each([
    ['has no value', {}],
    ['has a number for a value', { epoch: { N: '1' } }],
  ])('dynamoDbEpochStore: an item that %s is replaced', async (_what, more) => {
    wire.items.set('shop/regionkit-epoch', { name: { S: 'regionkit-epoch' }, ...more } as never);
    const { store, close } = dynamoDbAt(wire.url);
    expect(await store.load()).toBe('');
    await store.save('good', '');
    expect(await store.load()).toBe('good');
    close();
  });

  it('dynamoDbEpochStore: a table that is missing says so', async () => {
    const client = new DynamoDB(connection(wire.url));
    const store = dynamoDbEpochStore({ client, table: 'no-such-table', timeoutMs: TIMEOUT_MS });
    await expect(store.load()).rejects.toMatchObject({ reason: 'missing' });
    client.destroy();
  });

  it('parameterEpochStore: puts back what it has overwritten, as there is no conditional write', async () => {
    const { store, close } = parameterAt(wire.url);
    await store.save('first', undefined);
    wire.beforeWrite(() => wire.parameters.get('/shop/epoch')?.push('of another process'));
    await expect(store.save('less', 'first')).rejects.toMatchObject({ reason: 'conflict' });
    // This is what it cannot promise: a process that starts now loads less.
    expect(wire.parameters.get('/shop/epoch')?.at(-1)).toBe('less');
    expect(await store.load()).toBe('of another process');
    await store.save('both', 'of another process');
    expect(wire.parameters.get('/shop/epoch')).toEqual(['first', 'of another process', 'less', 'both']);
    expect(await store.load()).toBe('both');
    close();
  });

  it('parameterEpochStore: puts back each of several that were overwritten one after the other', async () => {
    const { store, close } = parameterAt(wire.url);
    await store.save('first', undefined);
    for (const value of ['second', 'third']) {
      const before = (await store.load()) ?? '';
      wire.beforeWrite(() => wire.parameters.get('/shop/epoch')?.push(value));
      await expect(store.save('less', before)).rejects.toMatchObject({ reason: 'conflict' });
      expect(await store.load()).toBe(value);
    }
    await store.save('all', 'third');
    expect(await store.load()).toBe('all');
    close();
  });
});

describe('options of the stores', () => {
  const client = { getObject() {}, putObject() {}, getItem() {}, putItem() {}, getParameter() {}, putParameter() {} };
  const pool = { query() {}, on() {}, options: { connectionTimeoutMillis: 1_000 } };
  it.each([
    [
      'a client of commands alone',
      () => s3EpochStore({ client: { send() {} } as never, bucket: 'b' }),
      /client.getObject must be a function/,
    ],
    ['an empty bucket', () => s3EpochStore({ client: client as never, bucket: '' }), /bucket must not be empty/],
    [
      'a timeout without end',
      () => s3EpochStore({ client: client as never, bucket: 'b', timeoutMs: Number.POSITIVE_INFINITY }),
      /timeoutMs must be an integer/,
    ],
    ['a misspelt option', () => s3EpochStore({ client: client as never, bucket: 'b', Key: 'k' } as never), /Key/],
    [
      'a key attribute that is the value',
      () => dynamoDbEpochStore({ client: client as never, table: 't', keyAttribute: 'epoch' }),
      /keyAttribute must not be epoch/,
    ],
    ['a missing table', () => dynamoDbEpochStore({ client: client as never } as never), /table must be a string/],
    ['a missing name', () => parameterEpochStore({ client: client as never } as never), /name must be a string/],
    [
      'SQL in a name',
      () => postgresEpochStore({ pool: pool as never, table: 'a"; drop table b' }),
      /table must be a name of letters/,
    ],
    [
      'a pool that waits for a silent server for ever',
      () => postgresEpochStore({ pool: { ...pool, options: {} } as never }),
      /pool.options.connectionTimeoutMillis must be an integer/,
    ],
    ['no pool', () => postgresEpochStore({ pool: {} as never }), /pool.query must be a function/],
  ])('refuse %s', (_what, make, message) => {
    expect(make).toThrow(message);
  });
});
