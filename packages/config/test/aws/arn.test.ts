import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkRegion, idIn, isAnswerTo, parseArn } from '../../src/aws/arn.ts';

const account = '123456789012';
const arn = (region: string, { name = 'prod/app/db-AbCdEf', partition = 'aws', of = account } = {}): string =>
  `arn:${partition}:secretsmanager:${region}:${of}:secret:${name}`;
const refused = expect.objectContaining({ failure: 'refused' });

describe('an id in another region', () => {
  test('is the name itself, or the ARN with the region rewritten and nothing else', () => {
    expect(idIn('eu-west-1', 'prod/app/db')).toBe('prod/app/db');
    expect(idIn('eu-west-1', arn('us-east-1'))).toBe(arn('eu-west-1'));
    expect(idIn('cn-north-1', arn('cn-northwest-1', { partition: 'aws-cn' }))).toBe(
      arn('cn-north-1', { partition: 'aws-cn' }),
    );
  });

  test.each([
    ['cn-north-1', arn('us-east-1')],
    ['us-east-1', arn('us-gov-west-1', { partition: 'aws-us-gov' })],
    ['us-iso-east-1', arn('us-east-1')],
    ['us-isob-east-1', arn('us-iso-east-1', { partition: 'aws-iso' })],
    ['eu-central-1', arn('eusc-de-east-1', { partition: 'aws-eusc' })],
    ['xx-new-2', arn('xx-new-1', { partition: 'aws-xx' })],
  ])('is refused in %s, which is of another partition than %s', (region, id) => {
    expect(() => idIn(region, id)).toThrow(refused);
  });
});

test.each([
  ['aws-eusc', 'eusc-de-east-1'],
  ['aws-iso', 'us-iso-east-1'],
  ['aws-iso-b', 'us-isob-east-1'],
  ['aws-iso-e', 'eu-isoe-west-1'],
  ['aws-iso-f', 'us-isof-south-1'],
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
])('%s: an ARN of %s is asked for there, and its answer is taken', (partition, region) => {
  const id = arn(region, { partition });
  expect(idIn(region, id)).toBe(id);
  expect(isAnswerTo(id, region, id, account)).toBe(true);
  expect(isAnswerTo('prod/app/db', region, id, account)).toBe(true);
  expect(isAnswerTo('prod/app/db', region, arn(region, { partition: 'aws-other' }), account)).toBe(false);
});

test('an ARN of a partition that is newer than this code is good for its own region', () => {
  const id = arn('xx-new-1', { partition: 'aws-xx' });
  expect(idIn('xx-new-1', id)).toBe(id);
  expect(isAnswerTo(id, 'xx-new-1', id, undefined)).toBe(true);
});

test.each(['us-east-1', 'ap-southeast-2', 'us-gov-west-1', 'mx-central-1'])('%s is a region', (region) => {
  expect(() => checkRegion(region)).not.toThrow();
});

test.each([
  '',
  'local',
  'us-east',
  'us-east-1.evil.example',
  'us-east-1/..',
  'us-east-11',
  'US-EAST-1',
  'evil.com#us-east-1',
  'us-east-1\n',
])('%j is none, and becomes no host name', (region) => {
  expect(() => idIn(region, 'name')).toThrow(refused);
});

describe('an answer', () => {
  test.each<[string, string, string, string | undefined, boolean]>([
    ['of the name', 'prod/app/db', arn('us-east-1'), undefined, true],
    ['of the name and the account that answered before', 'prod/app/db', arn('us-east-1'), account, true],
    ['of the ARN', arn('us-east-1'), arn('us-east-1'), undefined, true],
    ['of an ARN without its suffix', arn('us-east-1', { name: 'prod/app/db' }), arn('us-east-1'), undefined, true],
    ['of another name', 'prod/app/db', arn('us-east-1', { name: 'prod/app/db2-AbCdEf' }), undefined, false],
    ['of a name that is longer', 'prod/app', arn('us-east-1'), undefined, false],
    ['of another account', 'prod/app/db', arn('us-east-1', { of: '999999999999' }), account, false],
    ['of another account than the ARN’s', arn('us-east-1'), arn('us-east-1', { of: '999999999999' }), undefined, false],
    ['of another region', 'prod/app/db', arn('eu-west-1'), undefined, false],
    ['of another partition', 'prod/app/db', arn('us-east-1', { partition: 'aws-cn' }), undefined, false],
    ['that is no ARN', 'prod/app/db', 'prod/app/db', undefined, false],
  ])('%s', (_, asked, answered, before, expected) => {
    expect(isAnswerTo(asked, 'us-east-1', answered, before)).toBe(expected);
  });
});

test('an ARN is rewritten back to what it was', () => {
  const name = fc.stringMatching(/^[\w/+=.@-]{1,60}$/);
  fc.assert(
    fc.property(name, (resource) => {
      const there = arn('us-east-1', { name: resource });
      expect(idIn('us-east-1', idIn('eu-west-1', there))).toBe(there);
      expect(parseArn(there)?.resource).toBe(resource);
    }),
  );
});
