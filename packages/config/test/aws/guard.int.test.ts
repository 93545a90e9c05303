import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { awsClients, parameters, secret } from '../../src/aws/index.ts';
import { loadConfig } from '../../src/index.ts';
import { type FakeAws, fakeAws } from '../../src/testing/index.ts';
import { clientsOf, EU, regions, US } from './aws-support.ts';

let aws: FakeAws;
beforeEach(async () => {
  aws = await fakeAws({ regions: [US, EU] });
});
afterEach(() => aws.close());
const options = { regions, refresh: { timeoutMs: 20_000, minForcedMs: 1 } } as const;

describe('where a request may go', () => {
  const variables = [
    'AWS_ENDPOINT_URL',
    'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
  ];
  afterEach(() => {
    for (const name of variables) delete process.env[name];
  });
  const inEnvironment = (endpoint: string): void => {
    process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = endpoint;
    process.env['AWS_ACCESS_KEY_ID'] = 'AKIAFAKE';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'fake';
  };

  test.each([
    'http://metadata.internal',
    'http://169.254.169.254',
    'http://127.0.0.1.evil.example',
    'http://10.0.0.1:80',
  ])('not to %s, even if the environment says so', async (endpoint) => {
    inEnvironment(endpoint);
    const start = loadConfig({ ...options, sources: { db: secret('prod/app/db') } });
    await expect(start).rejects.toMatchObject({ problems: [{ key: 'db', failure: 'refused' }] });
  });

  test('not over plain http with clients or an endpoint of one’s own either', async () => {
    const endpoint = 'http://vault.example.com';
    const credentials = aws.connection.credentials;
    const clients = awsClients({
      secretsManager: (region) => new SecretsManagerClient({ region, endpoint, credentials }),
      ssm: awsClients({ endpoint: () => endpoint, credentials }).ssm,
    });
    const start = loadConfig({
      ...options,
      sources: { db: secret('a', { clients }), app: parameters('/app/', { clients }) },
    });
    await expect(start).rejects.toMatchObject({ problems: [{ failure: 'refused' }, { failure: 'refused' }] });
  });

  test('to loopback, and an endpoint that came from the environment is shown in the status', async () => {
    aws.secret('prod/app/db', { value: 'x' });
    inEnvironment(aws.region(US).endpoint);
    await using config = await loadConfig({ ...options, sources: { db: secret('prod/app/db') } });
    expect(config.get('db')).toBe('x');
    expect(config.status().keys.db.endpoint).toBe(aws.region(US).endpoint);
  });

  test('not to a region whose name is none', async () => {
    const clients = clientsOf(aws);
    const start = loadConfig({
      ...options,
      sources: {
        db: secret('a', { clients, regions: ['us-east-1.evil.example#'] }),
        app: parameters('/a', { clients, regions: ['x'] }),
      },
    });
    await expect(start).rejects.toMatchObject({ problems: [{ failure: 'refused' }, { failure: 'refused' }] });
    expect(aws.region(US).calls).toEqual([]);
  });
});

test('an answer without end is cut off', async () => {
  aws.secret('prod/app/db', { value: 'x' });
  aws.region(US).fault('flood');
  const clients = clientsOf(aws);
  const before = process.memoryUsage().rss;
  const start = loadConfig({
    ...options,
    refresh: { timeoutMs: 20_000 },
    sources: { db: secret('prod/app/db', { clients }) },
  });
  await expect(start).rejects.toMatchObject({ problems: [{ failure: 'invalid', detail: 'too-large' }] });
  expect(process.memoryUsage().rss - before).toBeLessThan(400_000_000);
  clients.close();
});

test('an answer of another account than before is refused, and the last good value stays', async () => {
  const other = await fakeAws({ regions: [US], account: '999999999999' });
  aws.secret('prod/app/db', { value: 'ours' });
  other.secret('prod/app/db', { value: 'theirs' });
  let endpoint = aws.region(US).endpoint;
  const client = new SecretsManagerClient({
    region: US,
    credentials: aws.connection.credentials,
    endpoint: async () => {
      const { hostname, port } = new URL(endpoint);
      return { protocol: 'http:', hostname, port: Number(port), path: '/' };
    },
  });
  const clients = awsClients({ secretsManager: () => client });
  await using config = await loadConfig({ ...options, sources: { db: secret('prod/app/db', { clients }) } });
  endpoint = other.region(US).endpoint;
  expect(await config.refresh('db')).toBe('failed');
  expect(config.get('db')).toBe('ours');
  expect(config.status().keys.db.refreshError?.failure).toBe('refused');
  client.destroy();
  await other.close();
});

describe('a secret that is', () => {
  test.each<[string, string | Uint8Array, 'text' | 'json' | 'bytes', object]>([
    ['text where JSON is asked for', 'hunter2', 'json', { failure: 'invalid', detail: 'not-json' }],
    ['JSON with a name twice', '{"a":1,"a":2}', 'json', { detail: 'duplicate-key' }],
    ['JSON that reaches a prototype', '{"__proto__":{"admin":true}}', 'json', { detail: 'forbidden-key' }],
    ['empty', '', 'text', { detail: 'empty' }],
    ['larger than Secrets Manager takes', 'x'.repeat(65_537), 'text', { detail: 'too-large' }],
    ['binary and no text', Uint8Array.of(0xff, 0xfe, 0xfd), 'text', { detail: 'not-utf8' }],
  ])('%s is refused', async (_, value, format, problem) => {
    aws.secret('s', { value });
    const clients = clientsOf(aws);
    const start = loadConfig({ ...options, sources: { s: secret('s', { format, clients }) } });
    await expect(start).rejects.toMatchObject({ problems: [problem] });
    clients.close();
  });

  test('binary is bytes, text or JSON, as asked', async () => {
    aws.secret('bytes', { value: Uint8Array.of(0, 255, 1) });
    aws.secret('json', { value: Buffer.from('\uFEFF{"a":1}') });
    const clients = clientsOf(aws);
    await using config = await loadConfig({
      ...options,
      sources: {
        bytes: secret('bytes', { format: 'bytes', clients }),
        json: secret('json', { schema: z.object({ a: z.number() }), clients }),
      },
    });
    expect([...config.get('bytes')]).toEqual([0, 255, 1]);
    expect(config.get('json').a).toBe(1);
    clients.close();
  });
});

test.each<[string, () => unknown, string]>([
  ['an empty id', () => secret(''), 'secret: id must not be empty'],
  ['an ARN of something else', () => secret('arn:aws:s3:::bucket'), 'secret: id must be a name or an ARN'],
  ['a format that is none', () => secret('a', { format: 'xml' as 'text' }), 'secret: format must be one of'],
  ['an option that is none', () => secret('a', { stages: 'x' } as object), 'secret: options has no option "stages"'],
  ['a path that is none', () => parameters('app'), 'parameters: a path must begin with /'],
  [
    'an attempt count of none',
    () => awsClients({ maxAttempts: 0 }),
    'awsClients: maxAttempts must be an integer from 1',
  ],
])('%s is refused when it is written', (_, make, message) => {
  expect(make).toThrow(message);
});
