import type { RegionSettings, ThreeRegionsProps } from '../cdk/src/three-regions.ts';

const region = (name: string, n: number, peak: number, database: RegionSettings['database']): RegionSettings => ({
  vpc: {
    vpcId: `vpc-0000000${n}`,
    vpcCidrBlock: `10.${n}.0.0/16`,
    availabilityZones: [`${name}a`, `${name}b`],
    publicSubnetIds: [`subnet-000000${n}1`, `subnet-000000${n}2`],
    privateSubnetIds: [`subnet-000000${n}3`, `subnet-000000${n}4`],
  },
  certificateArn: `arn:aws:acm:${name}:123456789012:certificate/00000000-0000-0000-0000-00000000000${n}`,
  kmsKeyArn: `arn:aws:kms:${name}:123456789012:key/00000000-0000-0000-0000-00000000000${n}`,
  subnetGroupName: 'database',
  peak,
  max: 20,
  database,
});

/** Three regions on the first day. */
export const FIRST_DAY: ThreeRegionsProps = {
  account: '123456789012',
  hostedZoneId: 'Z0000000000000',
  name: 'app.example.com',
  image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1.4.0',
  regions: {
    'us-east-1': region('us-east-1', 1, 6, {}),
    'eu-west-1': region('eu-west-1', 2, 4, { createdAsReplicaOf: { region: 'us-east-1' } }),
    'ap-southeast-1': region('ap-southeast-1', 3, 2, { createdAsReplicaOf: { region: 'us-east-1' } }),
  },
};
