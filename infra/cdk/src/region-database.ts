import { Aws, CfnDeletionPolicy, SecretValue } from 'aws-cdk-lib';
import { CfnDBInstance, CfnDBParameterGroup } from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';

/** An instance, by its region and its generation. Its name does not change with its role. */
export interface DatabaseName {
  readonly region: string;
  /** Raise it to rebuild an instance under a new name, after a failover. @default 1 */
  readonly generation?: number;
}

export interface RegionDatabaseProps extends DatabaseName {
  /**
   * What this instance was created as a replica of. Leave it as it is for ever, also when the instance was promoted:
   * CloudFormation compares templates and does not see a promotion. A change here would touch the new primary.
   */
  readonly createdAsReplicaOf?: DatabaseName;
  /** A key of this region. */
  readonly kmsKeyArn: string;
  readonly subnetGroupName: string;
  readonly securityGroupIds: readonly string[];
  /** The secret with the master password of a primary, and its field. @default 'app/master', 'password' */
  readonly passwordSecret?: { readonly name: string; readonly field: string };
  /** @default 'db.r6g.large' */
  readonly instanceClass?: string;
  /** @default '16' */
  readonly majorVersion?: string;
  /** 1 to 35. @default 7 */
  readonly backupRetentionDays?: number;
  /** In megabytes. @default 20_000 */
  readonly maxSlotWalKeepMb?: number;
  /** @default 500 */
  readonly maxConnections?: number;
}

/** One instance of RDS for PostgreSQL: a primary, or a replica of one in another region. */
export class RegionDatabase extends Construct {
  readonly instance: CfnDBInstance;

  /** @throws {RangeError} a limit of RDS is exceeded, or the key is one of another region */
  constructor(scope: Construct, id: string, props: RegionDatabaseProps) {
    super(scope, id);
    const { region, createdAsReplicaOf: source, kmsKeyArn, securityGroupIds } = props;
    const { backupRetentionDays = 7, majorVersion = '16', maxSlotWalKeepMb = 20_000, maxConnections = 500 } = props;
    if (!(backupRetentionDays >= 1 && backupRetentionDays <= 35))
      throw new RangeError('backupRetentionDays must be 1 to 35: with 0 an instance can have no replica');
    if (!(maxSlotWalKeepMb > 0))
      throw new RangeError('maxSlotWalKeepMb must be more than 0: -1 lets a slot fill the disk');
    if (!kmsKeyArn.includes(`:kms:${region}:`)) throw new RangeError(`kmsKeyArn must be a key of ${region}`);
    if (source?.region === region) throw new RangeError('createdAsReplicaOf must be an instance of another region');

    const parameters = new CfnDBParameterGroup(this, 'Parameters', {
      family: `postgres${majorVersion}`,
      description: `The settings of ${databaseName(props)}, the same in all regions`,
      parameters: {
        // Logical decoding lists the writes that a failover has lost.
        'rds.logical_replication': '1',
        max_slot_wal_keep_size: String(maxSlotWalKeepMb),
        // A standby with less than its primary stops its recovery.
        max_connections: String(maxConnections),
        hot_standby_feedback: '1',
      },
    });
    const { name, field } = props.passwordSecret ?? { name: 'app/master', field: 'password' };
    const role =
      source === undefined
        ? {
            engine: 'postgres',
            engineVersion: majorVersion,
            dbName: 'app',
            allocatedStorage: '100',
            // A replica is encrypted by its key, and CloudFormation refuses this property beside a source.
            storageEncrypted: true,
            masterUsername: 'postgres',
            // A reference that CloudFormation resolves: no value in the template. RDS cannot manage the password itself,
            // because such an instance can have no replica.
            masterUserPassword: SecretValue.secretsManager(name, { jsonField: field }).unsafeUnwrap(),
          }
        : { sourceDbInstanceIdentifier: databaseArn(source), sourceRegion: source.region };
    this.instance = new CfnDBInstance(this, `Instance${props.generation ?? 1}`, {
      ...role,
      dbInstanceIdentifier: databaseName(props),
      dbInstanceClass: props.instanceClass ?? 'db.r6g.large',
      kmsKeyId: kmsKeyArn,
      backupRetentionPeriod: backupRetentionDays,
      multiAz: true,
      copyTagsToSnapshot: true,
      dbSubnetGroupName: props.subnetGroupName,
      vpcSecurityGroups: [...securityGroupIds],
      dbParameterGroupName: parameters.ref,
      autoMinorVersionUpgrade: false,
      enablePerformanceInsights: true,
      deletionProtection: true,
    });
    // An update that would replace the instance leaves the old one with its data.
    this.instance.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
    this.instance.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  }
}

/** `app-us-east-1`, `app-us-east-1-2` */
export function databaseName({ region, generation = 1 }: DatabaseName): string {
  return generation === 1 ? `app-${region}` : `app-${region}-${generation}`;
}

/** A replica in another region needs the ARN of its source: an identifier names an instance of the same region. */
export function databaseArn(database: DatabaseName): string {
  return `arn:aws:rds:${database.region}:${Aws.ACCOUNT_ID}:db:${databaseName(database)}`;
}
