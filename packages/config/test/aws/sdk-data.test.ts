import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { classify, failureOfCode } from '../../src/aws/classify.ts';
import { isAwsHost, PARTITIONS, partitionOf } from '../../src/aws/partitions.ts';

/** What the installed SDK has inside: it is reached the way the SDK reaches it. */
const sdk = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-secrets-manager'));
interface SdkPartition {
  readonly name: string;
  readonly dnsSuffix: string;
  readonly dualStackDnsSuffix: string;
}
const { partition } = sdk('@aws-sdk/core/client') as { partition(region: string): SdkPartition };
const errorNamed = (name: string): Error => Object.assign(new Error('told by a test'), { name });
const { isThrottlingError, isTransientError } = sdk('@smithy/core/retry') as {
  isThrottlingError(error: Error): boolean;
  isTransientError(error: Error): boolean;
};

describe('partitions are those of the SDK', () => {
  const regions = [
    ...['us-east-1', 'eu-central-2', 'ap-southeast-7', 'sa-east-1', 'ca-west-1', 'me-south-1', 'af-south-1'],
    ...['il-central-1', 'mx-central-1', 'cn-north-1', 'cn-northwest-1', 'us-gov-east-1', 'us-gov-west-1'],
    ...['eusc-de-east-1', 'us-iso-east-1', 'us-iso-west-1', 'us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1'],
    ...['us-isof-east-1', 'xx-new-1', 'us-isog-east-1', 'eusc-fr-east-1'],
  ];

  test.each(regions)('%s', (region) => {
    const { name, dnsSuffix, dualStackDnsSuffix } = partition(region);
    expect(partitionOf(region)).toBe(name);
    expect(PARTITIONS.find((one) => one.name === name)?.suffixes).toEqual([dnsSuffix, dualStackDnsSuffix]);
    for (const suffix of [dnsSuffix, dualStackDnsSuffix]) {
      expect(isAwsHost(`secretsmanager.${region}.${suffix}`)).toBe(true);
      expect(isAwsHost(`secretsmanager.${region}.${suffix}.evil.example`)).toBe(false);
      expect(isAwsHost(`evil${suffix}`)).toBe(false);
    }
  });

  test('and no other', () => {
    expect(new Set(regions.map((region) => partition(region).name))).toEqual(
      new Set(PARTITIONS.map(({ name }) => name)),
    );
  });
});

describe('error codes are those of the SDK', () => {
  // The lists are not exported, so they are found by asking about every name in the text of the module.
  const source = sdk('node:fs').readFileSync(sdk.resolve('@smithy/core/retry'), 'utf8') as string;
  const names = [...new Set([...source.matchAll(/"([A-Z]\w{5,60})"/g)].map(([, name]) => name as string))];
  const throttling = names.filter((name) => isThrottlingError(errorNamed(name)));
  const transient = names.filter((name) => isTransientError(errorNamed(name)));

  test('throttling', () => {
    expect(throttling.length).toBeGreaterThan(10);
    expect(throttling.filter((name) => failureOfCode(name, '') !== 'throttled')).toEqual([]);
  });

  test('time-outs', () => {
    const timeouts = transient.filter((name) => /timeout/i.test(name));
    expect(timeouts.length).toBeGreaterThan(1);
    expect(timeouts.filter((name) => failureOfCode(name, '') !== 'timeout')).toEqual([]);
  });
});

describe('an errno of a file is of the credentials, for no secret is in a file of the SDK', () => {
  test.each(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'EMFILE'])('%s', (code) => {
    const error = Object.assign(new Error(`${code}: /var/run/secrets/token`), { code, syscall: 'open' });
    for (const thrown of [error, new Error('outer', { cause: error })]) {
      expect(classify(thrown)).toMatchObject({ failure: 'credentials' });
    }
  });

  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH'])('%s stays one of the network', (code) => {
    expect(classify(Object.assign(new Error(code), { code }))).toMatchObject({ failure: 'network' });
  });
});
