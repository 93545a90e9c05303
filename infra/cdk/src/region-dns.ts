import { CfnHealthCheck, CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';

/** The names of one region. */
export interface RegionDnsProps {
  readonly hostedZoneId: string;
  /** The global name: app.example.com. */
  readonly name: string;
  readonly region: string;
  /** The region's own name, which is checked: app-us-east-1.example.com. */
  readonly host: string;
  readonly loadBalancer: { readonly name: string; readonly hostedZoneId: string };
  /** Whether `name` is that of the zone. Only an alias can be there, and its TTL is 60 s. @default false */
  readonly apex?: boolean;
  /** In seconds. An alias ignores it. @default 10 */
  readonly ttl?: number;
  /** @default '/health' */
  readonly healthPath?: string;
  /** 10 or 30, in seconds. @default 10 */
  readonly checkInterval?: 10 | 30;
  /** @default 3 */
  readonly failureThreshold?: number;
  /**
   * `active`: DNS leads the nearest clients here. `behind-standby`: the same, in a group below the failover records of
   * {@link GlobalName}. `standby`: it serves nothing until all others are unhealthy. @default 'active'
   */
  readonly part?: 'active' | 'behind-standby' | 'standby';
}

/**
 * The region's own name, the health check of that name, and its record of the global name. It stands in the stack of the
 * region: Route 53 is global, so no stack waits for another one.
 */
export class RegionDns extends Construct {
  /** @throws {RangeError} the region has no name of its own, or a limit of Route 53 is exceeded */
  constructor(scope: Construct, id: string, props: RegionDnsProps) {
    super(scope, id);
    const { hostedZoneId, region, host, loadBalancer, part = 'active' } = props;
    const { apex = false, ttl = 10, healthPath = '/health', checkInterval = 10, failureThreshold = 3 } = props;
    if (host === props.name)
      throw new RangeError('host must not be the global name: its check would test the other regions, too');
    if (!(ttl >= 1 && ttl <= 60)) throw new RangeError('ttl must be 1 to 60: it is a part of every failover');
    if (!(failureThreshold >= 1 && failureThreshold <= 10)) throw new RangeError('failureThreshold must be 1 to 10');

    new CfnRecordSet(this, 'Own', {
      hostedZoneId,
      name: host,
      type: 'CNAME',
      ttl: '60',
      resourceRecords: [loadBalancer.name],
    });
    const check = new CfnHealthCheck(this, 'Check', {
      healthCheckConfig: {
        type: 'HTTPS',
        fullyQualifiedDomainName: host,
        port: 443,
        resourcePath: healthPath,
        requestInterval: checkInterval,
        failureThreshold,
        enableSni: true,
      },
      healthCheckTags: [{ key: 'Name', value: host }],
    });
    const target = apex
      ? {
          aliasTarget: {
            dnsName: loadBalancer.name,
            hostedZoneId: loadBalancer.hostedZoneId,
            evaluateTargetHealth: true,
          },
        }
      : { ttl: String(ttl), resourceRecords: [loadBalancer.name] };
    new CfnRecordSet(this, 'Global', {
      hostedZoneId,
      name: part === 'behind-standby' ? activeName(props.name) : props.name,
      type: apex ? 'A' : 'CNAME',
      setIdentifier: region,
      healthCheckId: check.attrHealthCheckId,
      ...target,
      ...(part === 'standby' ? { failover: 'SECONDARY' } : { region }),
    });
  }
}

export interface GlobalNameProps {
  readonly hostedZoneId: string;
  readonly name: string;
  readonly apex?: boolean;
}

/** Where there is a standby: the failover record that leads to the group of latency records while one of them is healthy. */
export class GlobalName extends Construct {
  constructor(scope: Construct, id: string, { hostedZoneId, name, apex = false }: GlobalNameProps) {
    super(scope, id);
    new CfnRecordSet(this, 'Primary', {
      hostedZoneId,
      name,
      type: apex ? 'A' : 'CNAME',
      setIdentifier: 'regions',
      failover: 'PRIMARY',
      aliasTarget: { dnsName: activeName(name), hostedZoneId, evaluateTargetHealth: true },
    });
  }
}

const activeName = (name: string): string => `active.${name}`;
