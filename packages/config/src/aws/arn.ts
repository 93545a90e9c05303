import { SourceError } from '../failure.ts';
import { partitionOf } from './partitions.ts';

/** The parts of a secret's ARN: `arn:partition:secretsmanager:region:account:secret:name-suffix`. */
export interface SecretArn {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly resource: string;
}

const ARN =
  /^arn:(?<partition>aws[a-z-]*):secretsmanager:(?<region>[a-z0-9-]+):(?<account>\d{12}):secret:(?<resource>.+)$/;
const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d$/;

/** The parts of an ARN; undefined for a name. */
export function parseArn(id: string): SecretArn | undefined {
  return ARN.exec(id)?.groups as SecretArn | undefined;
}

/** @throws {SourceError} `refused`: it is not the name of an AWS region. It must not become part of a host name. */
export function checkRegion(region: string): void {
  if (!REGION.test(region)) throw new SourceError('refused');
}

/**
 * Returns the id under which a region knows the secret: the ARN of a replica differs only in the region. Account and
 * partition never change.
 *
 * @throws {SourceError} `refused`: the region belongs to another partition than the ARN.
 */
export function idIn(region: string, id: string): string {
  checkRegion(region);
  const arn = parseArn(id);
  if (arn === undefined) return id;
  // The ARN's own region always belongs to its partition, also a region that is newer than this code.
  if (region !== arn.region && partitionOf(region) !== arn.partition) throw new SourceError('refused');
  return `arn:${arn.partition}:secretsmanager:${region}:${arn.account}:secret:${arn.resource}`;
}

/**
 * Whether an answer is about the requested secret: in that region, under that name or ARN, and from the same account as
 * before.
 */
export function isAnswerTo(asked: string, region: string, answered: string, account: string | undefined): boolean {
  const answer = parseArn(answered);
  const partition = parseArn(asked)?.partition ?? partitionOf(region);
  if (answer === undefined || answer.region !== region || answer.partition !== partition) return false;
  if (account !== undefined && answer.account !== account) return false;
  return parseArn(asked) === undefined
    ? isNamed(answer.resource, asked)
    : answered === asked || isNamed(answered, asked);
}

/**
 * An ARN ends with the name, a hyphen and six characters:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
 */
function isNamed(resource: string, name: string): boolean {
  return resource.length === name.length + 7 && resource.startsWith(`${name}-`);
}
