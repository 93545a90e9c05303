import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeAws, fakeAws } from '../../src/testing/index.ts';
import { EU, US } from '../aws/aws-support.ts';
import { fakeClock } from '../support.ts';

const clock = fakeClock();
let aws: FakeAws;
let us: SecretsManagerClient;
let eu: SecretsManagerClient;

const settings = (region: string) => ({
  region,
  endpoint: aws.connection.endpoint(region),
  credentials: aws.connection.credentials,
  maxAttempts: 1,
});

beforeEach(async () => {
  aws = await fakeAws({ regions: [US, EU], clock });
  us = new SecretsManagerClient(settings(US));
  eu = new SecretsManagerClient(settings(EU));
});
afterEach(async () => {
  us.destroy();
  eu.destroy();
  await aws.close();
});

const read = async (client: SecretsManagerClient, more: object = {}) =>
  (await client.send(new GetSecretValueCommand({ SecretId: 'db', ...more }))).SecretString;

describe('a secret', () => {
  test('is rotated through the SDK as a rotation function does', async () => {
    const db = aws.secret('db', { value: 'first' });
    const token = 'b9a1c1f6-3f5e-4d29-8f8e-0d6a5c3b7e11';
    await us.send(
      new PutSecretValueCommand({
        SecretId: db.arn(),
        ClientRequestToken: token,
        SecretString: 'second',
        VersionStages: ['AWSPENDING'],
      }),
    );
    expect(await read(us)).toBe('first');
    expect(await read(us, { VersionStage: 'AWSPENDING' })).toBe('second');
    await us.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 'db',
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: token,
        RemoveFromVersionId: db.versionId(),
      }),
    );
    expect([await read(us), await read(us, { VersionStage: 'AWSPREVIOUS' })]).toEqual(['second', 'first']);
    const { VersionIdsToStages } = await us.send(new DescribeSecretCommand({ SecretId: 'db' }));
    expect(VersionIdsToStages?.[token]).toContain('AWSCURRENT');
  });

  test('reaches its replicas after a while, or when replication goes on', async () => {
    const db = aws.secret('db', { value: 'first', replicationMs: 1_000 });
    expect(await read(eu)).toBe('first');
    db.put('second');
    expect([await read(us), await read(eu)]).toEqual(['second', 'first']);
    await clock.advance(1_000);
    expect(await read(eu)).toBe('second');
    db.pauseReplication(EU);
    db.put('third');
    await clock.advance(10_000);
    expect(await read(eu)).toBe('second');
    db.resumeReplication(EU);
    expect(await read(eu)).toBe('third');
    expect(db.versionId('AWSCURRENT', EU)).toBe(db.versionId());
  });

  test('has a replica that is read-only until it is promoted, and then goes its own way', async () => {
    const db = aws.secret('db', { value: 'first' });
    const put = () => eu.send(new PutSecretValueCommand({ SecretId: 'db', SecretString: 'other' }));
    await expect(put()).rejects.toMatchObject({ name: 'InvalidRequestException' });
    db.promote(EU);
    await put();
    db.put('second');
    expect([await read(us), await read(eu)]).toEqual(['second', 'other']);
  });

  test('can live in some regions only, and every region knows its own ARN alone', async () => {
    const db = aws.secret('db', { value: 'x', replicas: [] });
    await expect(read(eu)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(read(us, { SecretId: db.arn(EU) })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await read(us, { SecretId: db.arn() })).toBe('x');
    expect(await read(us, { SecretId: db.arn().slice(0, -7) })).toBe('x');
  });
});

test('a request that is signed for another region is refused, as AWS does', async () => {
  aws.secret('db', { value: 'x' });
  const wrong = new SecretsManagerClient({ ...settings(US), region: EU });
  await expect(read(wrong)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
  wrong.destroy();
});

test('parameters are put and read through the SDK', async () => {
  const client = new SSMClient(settings(US));
  await client.send(new PutParameterCommand({ Name: '/a', Value: 'hunter2', Type: 'SecureString' }));
  const get = async (decrypt: boolean) =>
    (await client.send(new GetParameterCommand({ Name: '/a', WithDecryption: decrypt }))).Parameter?.Value;
  expect(await get(true)).toBe('hunter2');
  expect(await get(false)).not.toBe('hunter2');
  await expect(client.send(new PutParameterCommand({ Name: '/a', Value: 'x' }))).rejects.toMatchObject({
    name: 'ParameterAlreadyExists',
  });
  client.destroy();
});

test('a fault hits what it is narrowed to, as often as it says, and is lifted', async () => {
  aws.secret('db', { value: 'x' });
  aws.secret('other', { value: 'y' });
  const lift = aws.region(US).fault('denied', { id: 'db' });
  await expect(read(us)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await read(us, { SecretId: 'other' })).toBe('y');
  lift();
  expect(await read(us)).toBe('x');
  aws.region(US).fault('error', { times: 1, operations: ['GetSecretValue'] });
  await expect(read(us)).rejects.toMatchObject({ name: 'InternalServiceError' });
  expect(await read(us)).toBe('x');
  expect(aws.region(US).calls.map(({ service, operation }) => `${service} ${operation}`)).toEqual(
    new Array<string>(5).fill('secretsmanager GetSecretValue'),
  );
  aws.region(US).clearCalls();
  expect(aws.region(US).calls).toEqual([]);
});

test('what is not there to be asked is refused', async () => {
  expect(() => aws.region('mars-north-1')).toThrow(RangeError);
  expect(() => aws.region(US).fault('melt' as 'hang')).toThrow(RangeError);
  await expect(fakeAws({ regions: [] })).rejects.toThrow(TypeError);
  const response = await fetch(aws.region(US).endpoint, { method: 'POST', body: '{}' });
  expect(response.status).toBe(400);
});
