/** A part of AWS that shares nothing with the others: no account, no credentials, no names. */
export interface Partition {
  /** What the second part of an ARN says. */
  readonly name: string;
  readonly regions: RegExp;
  /** Where its services answer: `secretsmanager.<region>.<suffix>`, for IPv4 alone and for both. */
  readonly suffixes: readonly [string, string];
}

/**
 * The partition data of the AWS SDK, as `partition()` of `@aws-sdk/core/client` has it; a test holds it against the SDK
 * that is installed. The function itself is not imported, for the package it is in is not one that apps depend on.
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

/** The partition of a region. One that is not known is of `aws`, as the SDK has it. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(({ regions }) => regions.test(region))?.name ?? 'aws';
}

/** Whether a host is of AWS, of whatever partition. */
export function isAwsHost(hostname: string): boolean {
  return PARTITIONS.some(({ suffixes }) => suffixes.some((suffix) => hostname.endsWith(`.${suffix}`)));
}
