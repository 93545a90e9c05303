/** A separate part of AWS. Partitions share no accounts, credentials or names. */
export interface Partition {
  /** The second part of an ARN. */
  readonly name: string;
  readonly regions: RegExp;
  /** The suffixes of its services' hosts, `secretsmanager.<region>.<suffix>`: for IPv4 only, and for IPv4 and IPv6. */
  readonly suffixes: readonly [string, string];
}

/**
 * The partition data of the AWS SDK, the same as `partition()` of `@aws-sdk/core/client`. A test compares it with the
 * installed SDK. The function itself is not imported, because apps do not depend on its package.
 */
export const PARTITIONS: readonly Partition[] = [
  {
    name: 'aws',
    regions: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/,
    suffixes: ['amazonaws.com', 'api.aws'],
  },
  { name: 'aws-cn', regions: /^cn-\w+-\d+$/, suffixes: ['amazonaws.com.cn', 'api.amazonwebservices.com.cn'] },
  { name: 'aws-eusc', regions: /^eusc-de-\w+-\d+$/, suffixes: ['amazonaws.eu', 'api.amazonwebservices.eu'] },
  { name: 'aws-iso', regions: /^us-iso-\w+-\d+$/, suffixes: ['c2s.ic.gov', 'api.aws.ic.gov'] },
  { name: 'aws-iso-b', regions: /^us-isob-\w+-\d+$/, suffixes: ['sc2s.sgov.gov', 'api.aws.scloud'] },
  { name: 'aws-iso-e', regions: /^eu-isoe-\w+-\d+$/, suffixes: ['cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'] },
  { name: 'aws-iso-f', regions: /^us-isof-\w+-\d+$/, suffixes: ['csp.hci.ic.gov', 'api.aws.hci.ic.gov'] },
  { name: 'aws-us-gov', regions: /^us-gov-\w+-\d+$/, suffixes: ['amazonaws.com', 'api.aws'] },
];

/** Returns the partition of a region. An unknown region belongs to `aws`, as in the SDK. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(({ regions }) => regions.test(region))?.name ?? 'aws';
}

/** Whether a host belongs to AWS, in any partition. */
export function isAwsHost(hostname: string): boolean {
  return PARTITIONS.some(({ suffixes }) => suffixes.some((suffix) => hostname.endsWith(`.${suffix}`)));
}
