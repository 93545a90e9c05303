import { App, Stack } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup, Vpc, type VpcAttributes } from 'aws-cdk-lib/aws-ec2';
import { tasksOf } from './capacity.ts';
import { type DatabaseName, RegionDatabase } from './region-database.ts';
import { RegionDns } from './region-dns.ts';
import { APP_SECRETS, RegionHost, SharedSecrets } from './region-secrets.ts';
import { RegionService } from './region-service.ts';

export interface RegionSettings {
  /** The network is yours, with a peering to the others: every app asks every database. */
  readonly vpc: VpcAttributes & { readonly vpcCidrBlock: string };
  readonly certificateArn: string;
  readonly kmsKeyArn: string;
  readonly subnetGroupName: string;
  readonly peak: number;
  readonly max: number;
  /** The instance of the region, and what it was created of. A failover changes nothing here; a rebuild does. */
  readonly database: { readonly generation?: number; readonly createdAsReplicaOf?: DatabaseName };
}

export interface ThreeRegionsProps {
  readonly account: string;
  readonly hostedZoneId: string;
  readonly name: string;
  readonly image: string;
  readonly regions: Readonly<Record<string, RegionSettings>>;
}

/**
 * Two stacks for each region: `data-REGION` with the database, which changes rarely, and `app-REGION`, which each rollout
 * changes. No stack refers to one of another region, so a region that is lost blocks no other one.
 */
export function threeRegions({ account, hostedZoneId, name, image, regions }: ThreeRegionsProps): App {
  // What AWS's own validator finds fails the synthesis.
  const app = new App({ analyticsReporting: false, context: { '@aws-cdk/core:validateAgainstDefaultRules': true } });
  const names = Object.keys(regions);
  const tasks = tasksOf(regions);
  for (const [region, settings] of Object.entries(regions)) {
    const env = { account, region };
    const data = new Stack(app, `data-${region}`, { env });
    const vpc = Vpc.fromVpcAttributes(data, 'Network', settings.vpc);
    const group = new SecurityGroup(data, 'Database', {
      vpc,
      allowAllOutbound: false,
      description: 'The apps of all regions to the database',
    });
    for (const { vpc: network } of Object.values(regions))
      group.addIngressRule(Peer.ipv4(network.vpcCidrBlock), Port.tcp(5_432));
    const { instance } = new RegionDatabase(data, 'Data', {
      region,
      kmsKeyArn: settings.kmsKeyArn,
      subnetGroupName: settings.subnetGroupName,
      securityGroupIds: [group.securityGroupId],
      ...settings.database,
    });
    new RegionHost(data, 'Host', { host: instance.attrEndpointAddress });
    // The first region that is named writes the secrets, and goes on doing so after a failover.
    if (region === names[0]) new SharedSecrets(data, 'Secrets', { replicaRegions: names.slice(1) });

    const service = new Stack(app, `app-${region}`, { env });
    const { loadBalancer } = new RegionService(service, 'Service', {
      vpc: Vpc.fromVpcAttributes(service, 'Network', settings.vpc),
      certificateArn: settings.certificateArn,
      image,
      tasks: tasks[region] ?? { min: 0, max: 0 },
      // Not the password of the administrator.
      reads: { prefix: 'app', names: APP_SECRETS },
      // No role and no primary: the app discovers who takes the writes.
      environment: { REGION: region, SECRETS_PREFIX: 'app' },
    });
    new RegionDns(service, 'Dns', {
      hostedZoneId,
      name,
      region,
      host: name.replace('.', `-${region}.`),
      loadBalancer: {
        name: loadBalancer.loadBalancerDnsName,
        hostedZoneId: loadBalancer.loadBalancerCanonicalHostedZoneId,
      },
    });
  }
  return app;
}
