import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { awsClients, parameters, secret } from '../../src/aws/index.ts';
import { loadConfig } from '../../src/index.ts';
import { fakeAws } from '../../src/testing/index.ts';
import { clientsOf } from './aws-support.ts';

afterEach(() => vi.unstubAllEnvs());

test.each([
  ['aws-eusc', 'eusc-de-east-1', 'eusc-de-west-2'],
  ['aws-iso-b', 'us-isob-east-1', 'us-isob-west-1'],
  ['aws-iso-e', 'eu-isoe-west-1', 'eu-isoe-east-1'],
  ['aws-cn', 'cn-north-1', 'cn-northwest-1'],
  ['aws-us-gov', 'us-gov-west-1', 'us-gov-east-1'],
])(
  'a secret and parameters of %s are read, by name, by ARN, and from the other region',
  async (partition, own, other) => {
    await using aws = await fakeAws({ regions: [own, other] });
    const made = aws.secret('app/db', { value: 'a password' });
    aws.region(own).setParameter('/app/mode', 'live');
    expect(made.arn(own)).toMatch(new RegExp(`^arn:${partition}:secretsmanager:${own}:`));
    const clients = clientsOf(aws);
    const load = () =>
      loadConfig({
        sources: {
          named: secret('app/db', { regions: [own, other], clients }),
          arn: secret(made.arn(own), { regions: [own, other], clients }),
          parameters: parameters('/app/', { regions: [own], clients }),
        },
      });
    await using config = await load();
    expect([config.get('named'), config.get('arn')]).toEqual(['a password', 'a password']);
    expect(config.get('parameters')).toEqual({ mode: 'live' });
    aws.region(own).fault('error', { operations: ['GetSecretValue'] });
    await using fallen = await load();
    expect(fallen.status().keys.arn.region).toBe(other);
    clients.close();
  },
);

test('fakeAws takes a partition by its name', async () => {
  await using aws = await fakeAws({ regions: ['xx-new-1'], partition: 'aws-xx' });
  const made = aws.secret('app/db', { value: 'a password' });
  const clients = clientsOf(aws);
  await using config = await loadConfig({
    sources: { arn: secret(made.arn('xx-new-1'), { regions: ['xx-new-1'], clients }) },
  });
  expect(config.get('arn')).toBe('a password');
  clients.close();
  await expect(fakeAws({ regions: ['us-east-1'], partition: 7 as never })).rejects.toThrow(/partition/);
});

test('a web identity token that cannot be read is a fault of the credentials, not of the secret', async () => {
  await using aws = await fakeAws({ regions: ['us-east-1'] });
  aws.secret('app/db', { value: 'a password' });
  const directory = await mkdtemp(join(tmpdir(), 'token-'));
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/app');
  for (const file of [directory, join(directory, 'missing')]) {
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', file);
    const clients = awsClients({ endpoint: aws.connection.endpoint, maxAttempts: 1 });
    const start = loadConfig({ sources: { db: secret('app/db', { regions: ['us-east-1'], clients }) } });
    await expect(start).rejects.toMatchObject({ problems: [{ key: 'db', failure: 'credentials' }] });
    clients.close();
  }
  await rm(directory, { recursive: true });
});
