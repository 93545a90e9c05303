import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readInstanceArn } from '../../src/failover/adapters/rds/arn.ts';
import type { RdsAnswer } from '../../src/failover/adapters/rds/client.ts';
import { openRds } from '../../src/failover/adapters/rds/client.ts';
import { objectToReplica, promotionUnderWay, type RdsInstance } from '../../src/failover/adapters/rds/instance.ts';
import { rdsAdapter } from '../../src/failover/adapters/rds/rds.ts';

const replica = (changes: Partial<RdsInstance> = {}): RdsInstance => ({
  status: 'available',
  engine: 'postgres',
  isReplica: true,
  address: 'app-eu.example.com',
  port: 5432,
  ...changes,
});

describe('readInstanceArn()', () => {
  it('reads the region and the identifier', () => {
    expect(readInstanceArn('arn:aws:rds:eu-west-1:123456789012:db:app-eu')).toEqual({
      region: 'eu-west-1',
      instance: 'app-eu',
    });
    expect(readInstanceArn('arn:aws-cn:rds:cn-north-1:123456789012:db:a')).toMatchObject({ region: 'cn-north-1' });
  });
  for (const wrong of [
    'app-eu',
    'arn:aws:rds:eu-west-1:123456789012:cluster:app-eu',
    'arn:aws:rds:eu-west-1:1234:db:app-eu',
    'arn:aws:rds:eu-west-1:123456789012:db:app/../eu',
    'arn:aws:rds:eu-west-1:123456789012:db:app-eu\n',
  ]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => expect(readInstanceArn(wrong)).toBeUndefined());
  }
});

describe('objectToReplica()', () => {
  it.each([
    [replica(), undefined],
    [replica({ status: 'rebooting' }), { passes: true }],
    [replica({ isReplica: false }), { passes: true }],
    [replica({ engine: 'mysql', status: 'modifying' }), { passes: false }],
  ])('%o', (instance, expected) => {
    const found = objectToReplica(instance);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(expected);
  });
  it('repeats no text from outside', () => {
    expect(objectToReplica(replica({ status: '\u001b[2J' }))?.why).toBe('its status is unknown, not available');
  });
});

describe('promotionUnderWay()', () => {
  it.each([
    [replica(), /read replica/],
    [replica({ isReplica: false, status: 'rebooting' }), /rebooting/],
  ])('%o waits', (instance, says) => expect(promotionUnderWay(instance)).toMatch(says));
  it('is over when the instance is available without a source', () => {
    expect(promotionUnderWay(replica({ isReplica: false }))).toBeUndefined();
  });
});

it('an API that cannot be reached: a code of the network, and no rejection', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL_RDS', 'http://127.0.0.1:1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
  onTestFinished(() => void vi.unstubAllEnvs());
  const rds = await openRds();
  const answer = await rds.describe({ region: 'eu-west-1', instance: 'a' }, new AbortController().signal);
  expect(answer).toEqual({ ok: false, name: 'ECONNREFUSED', says: 'RDS could not be asked (ECONNREFUSED)' });
});

describe('rdsAdapter().promote()', () => {
  const fault: RdsAnswer<undefined> = { ok: false, name: 'InvalidDBInstanceStateFault', says: 'a wrong state' };
  /** `shown`: what each look shows; the last one stays. `answers`: to each promotion that is asked for. */
  const promote = async (shown: Partial<RdsInstance>[], answers: RdsAnswer<undefined>[], changeMs = 60_000) => {
    const asked: string[] = [];
    const adapter = rdsAdapter(
      { nodes: [{ id: 'eu/0', rds: 'arn:aws:rds:eu-west-1:123456789012:db:app-eu' }] } as never,
      async () => ({
        describe: async () => ({ ok: true, value: replica(shown.length > 1 ? shown.shift() : shown[0]) }),
        promote: async ({ instance }) => {
          asked.push(instance);
          return answers.shift() ?? { ok: true, value: undefined };
        },
      }),
      { againMs: 1, changeMs },
    );
    const failed = await adapter.promote({ target: 'eu/0' } as never, new AbortController().signal).then(
      () => undefined,
      (error: Error) => error.message,
    );
    return { asked: asked.length, failed };
  };

  it.each(['modifying', 'rebooting'])('asks for it once a replica that was %s is available again', async (status) => {
    expect(await promote([{ status }, { status }, {}], [])).toEqual({ asked: 1, failed: undefined });
  });
  it('does not ask again while the promotion of an earlier command is under way', async () => {
    const shown = [{ status: 'modifying' }, { status: 'rebooting' }, { status: 'rebooting', isReplica: false }];
    expect(await promote(shown, [])).toEqual({ asked: 0, failed: undefined });
  });
  it('asks again if RDS has refused it for another change', async () => {
    expect(await promote([{}, { status: 'modifying' }, {}], [fault])).toEqual({ asked: 2, failed: undefined });
  });
  it('fails, and says what to wait for, if the change does not end or RDS still refuses', async () => {
    const never = await promote([{ status: 'modifying' }], [], 0);
    expect(never).toEqual({ asked: 0, failed: expect.stringMatching(/wait until it is available/) });
    const refused = await promote([{}], [fault]);
    expect(refused).toEqual({ asked: 1, failed: expect.stringMatching(/a wrong state; wait until it is available/) });
  });
});
