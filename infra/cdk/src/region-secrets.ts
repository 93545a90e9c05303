import { CfnDeletionPolicy } from 'aws-cdk-lib';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';

export interface SharedSecretsProps {
  /** The other regions. They get copies, each with the same name. */
  readonly replicaRegions: readonly string[];
  /** @default 'app' */
  readonly prefix?: string;
  /** @default tokens, peers, jwt-public, jwt-signing, database, master */
  readonly names?: readonly string[];
}

/** What the app reads. */
export const APP_SECRETS: readonly string[] = ['tokens', 'peers', 'jwt-public', 'jwt-signing', 'database'];
const NAMES = [...APP_SECRETS, 'master'];
const HOST = /(?:^|[-_/])(?:hosts?|endpoints?|address|url)$/;

/** Secrets with the same value in all regions. Write the values outside of CloudFormation. */
export class SharedSecrets extends Construct {
  /** @throws {RangeError} a name says that the value is different in each region */
  constructor(scope: Construct, id: string, { replicaRegions, prefix = 'app', names = NAMES }: SharedSecretsProps) {
    super(scope, id);
    for (const name of names) {
      if (HOST.test(name)) throw new RangeError(`${name}: a host is different in each region. Use RegionHost`);
      const secret = new CfnSecret(this, name, {
        name: `${prefix}/${name}`,
        replicaRegions: replicaRegions.map((region) => ({ region })),
      });
      secret.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
      secret.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    }
  }
}

/** The host of this region's database: a parameter of the region, and not a part of a secret that is replicated. */
export class RegionHost extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { host, prefix = 'app' }: { readonly host: string; readonly prefix?: string },
  ) {
    super(scope, id);
    new CfnParameter(this, 'Host', { name: `/${prefix}/database/host`, type: 'String', value: host });
  }
}
