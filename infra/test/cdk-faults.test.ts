import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { CfnDBInstance } from 'aws-cdk-lib/aws-rds';
import { CfnHealthCheck, CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { CfnSecret, CfnSecretTargetAttachment } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { tasksOf } from '../cdk/src/capacity.ts';
import { RegionDatabase } from '../cdk/src/region-database.ts';
import { RegionDns } from '../cdk/src/region-dns.ts';
import { SharedSecrets } from '../cdk/src/region-secrets.ts';
import { readTemplate } from '../check/lint/read-template.ts';
import { lint } from '../check/lint/rules.ts';
import { validateTemplate } from '../check/validate-template.ts';

const emptyStack = (): Stack =>
  new Stack(new App({ analyticsReporting: false }), 'bad', { env: { account: '123456789012', region: 'eu-west-1' } });
const templateOf = (write: (stack: Stack) => void): object => {
  const stack = emptyStack();
  write(stack);
  return Template.fromStack(stack).toJSON();
};
const record = {
  hostedZoneId: 'Z0000000000000',
  name: 'api.example.com',
  setIdentifier: 'us-east-1',
  healthCheckId: '1',
};
const alias = { dnsName: 'us.elb.amazonaws.com', hostedZoneId: 'Z35SXDOTRQ7X7K', evaluateTargetHealth: true };
const instance = {
  dbInstanceClass: 'db.r6g.large',
  engine: 'postgres',
  masterUsername: 'postgres',
  allocatedStorage: '100',
};
const key = (region: string): string => `arn:aws:kms:${region}:123456789012:key/00000000-0000-0000-0000-000000000001`;
const replica = { dbInstanceClass: 'db.r6g.large', kmsKeyId: key('eu-west-1') };
const ARN = 'arn:aws:rds:us-east-1:123456789012:db:app';

interface Case {
  readonly name: string;
  readonly write: (stack: Stack) => void;
  readonly ours: readonly string[];
  /** The rules of AWS's validator. Where it is empty, only ours see it. */
  readonly theirs: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'latency and failover on one record, with a TTL on an alias',
    write: (stack) =>
      void new CfnRecordSet(stack, 'R', {
        ...record,
        type: 'A',
        ttl: '10',
        region: 'us-east-1',
        failover: 'PRIMARY',
        aliasTarget: alias,
      }),
    ours: ['latency-and-failover', 'ttl-of-an-alias', 'alias-below-the-apex'],
    theirs: ['E3029'],
  },
  {
    name: 'a check of the global name, and a record without a check',
    write: (stack) => {
      new CfnHealthCheck(stack, 'C', {
        healthCheckConfig: {
          type: 'HTTPS',
          fullyQualifiedDomainName: 'api.example.com',
          requestInterval: 5,
          failureThreshold: 30,
        },
      });
      const { healthCheckId, ...unchecked } = record;
      expect(healthCheckId).toBeDefined();
      new CfnRecordSet(stack, 'R', {
        ...unchecked,
        name: 'api.example.com.',
        type: 'CNAME',
        ttl: '10',
        region: 'us-east-1',
        resourceRecords: ['us'],
      });
    },
    ours: ['no-check-of-the-region', 'check-of-the-global-name', 'check-interval'],
    theirs: ['F3034', 'F3034'],
  },
  {
    name: 'a replica by identifier, with a key of another region',
    write: (stack) =>
      void new CfnDBInstance(stack, 'D', {
        ...replica,
        kmsKeyId: key('us-east-1'),
        sourceDbInstanceIdentifier: 'app',
      }),
    ours: ['source-by-identifier', 'key-of-the-replica'],
    theirs: [],
  },
  {
    name: 'backups for 50 days, and a password that RDS manages, beside a replica',
    write: (stack) => {
      new CfnDBInstance(stack, 'P', { ...instance, manageMasterUserPassword: true, backupRetentionPeriod: 50 });
      new CfnDBInstance(stack, 'D', { ...replica, sourceDbInstanceIdentifier: ARN });
    },
    ours: ['backup-retention', 'managed-password'],
    theirs: ['E3719'],
  },
  {
    name: 'a replicated secret that an attachment gives the host of the primary',
    write: (stack) => {
      const secret = new CfnSecret(stack, 'S', { generateSecretString: {}, replicaRegions: [{ region: 'us-east-1' }] });
      new CfnSecretTargetAttachment(stack, 'A', {
        secretId: secret.ref,
        targetId: 'app',
        targetType: 'AWS::RDS::DBInstance',
      });
    },
    ours: ['host-in-a-replicated-secret'],
    theirs: [],
  },
  {
    name: 'a replicated secret with a host in its template',
    write: (stack) =>
      void new CfnSecret(stack, 'S', {
        replicaRegions: [{ region: 'us-east-1' }],
        generateSecretString: {
          secretStringTemplate: '{"username":"app","host":"db.example.com"}',
          generateStringKey: 'password',
        },
      }),
    ours: ['host-in-a-replicated-secret'],
    theirs: [],
  },
  {
    name: 'a stop that Fargate cuts off',
    write: (stack) =>
      void new CfnTaskDefinition(stack, 'T', {
        containerDefinitions: [{ name: 'app', image: 'app', stopTimeout: 300 }],
      }),
    ours: ['stop-timeout'],
    theirs: [],
  },
];

describe('what is wrong in a template is found', () => {
  it.each(CASES)('$name', ({ write, ours, theirs }) => {
    const template = templateOf(write);
    const rules = lint(readTemplate('bad', 'eu-west-1', template)).map(({ rule }) => rule);
    expect([...new Set(rules)].filter((rule) => rule !== 'unprotected-database').sort()).toEqual([...ours].sort());
    const said = validateTemplate('bad', template).filter((line) => /^[EF]/.test(line));
    expect(said.map((line) => line.split(' ')[0])).toEqual(theirs);
  });

  it('an instance that an update may delete', () => {
    const template = templateOf((stack) => {
      const open = new CfnDBInstance(stack, 'D', instance);
      open.cfnOptions.deletionPolicy = undefined;
    });
    expect(lint(readTemplate('bad', 'eu-west-1', template)).map(({ rule }) => rule)).toEqual(['unprotected-database']);
  });
});

describe('the constructs refuse what cannot work', () => {
  const database = {
    region: 'eu-west-1',
    kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
    subnetGroupName: 'database',
    securityGroupIds: [],
  };
  const dns = {
    hostedZoneId: 'Z0000000000000',
    name: 'app.example.com',
    region: 'eu-west-1',
    host: 'app-eu-west-1.example.com',
    loadBalancer: { name: 'eu.elb.amazonaws.com', hostedZoneId: 'Z1' },
  };
  it.each<[string, (stack: Stack) => unknown]>([
    ['host must not be the global name', (stack) => new RegionDns(stack, 'X', { ...dns, host: dns.name })],
    ['ttl must be 1 to 60', (stack) => new RegionDns(stack, 'X', { ...dns, ttl: 300 })],
    ['failureThreshold must be 1 to 10', (stack) => new RegionDns(stack, 'X', { ...dns, failureThreshold: 30 })],
    [
      'backupRetentionDays must be 1 to 35',
      (stack) => new RegionDatabase(stack, 'X', { ...database, backupRetentionDays: 0 }),
    ],
    [
      'kmsKeyArn must be a key of eu-west-1',
      (stack) => new RegionDatabase(stack, 'X', { ...database, kmsKeyArn: 'arn:aws:kms:us-east-1:1:key/1' }),
    ],
    [
      'an instance of another region',
      (stack) => new RegionDatabase(stack, 'X', { ...database, createdAsReplicaOf: { region: 'eu-west-1' } }),
    ],
    [
      'maxSlotWalKeepMb must be more than 0',
      (stack) => new RegionDatabase(stack, 'X', { ...database, maxSlotWalKeepMb: -1 }),
    ],
    [
      'a host is different in each region',
      (stack) => new SharedSecrets(stack, 'X', { replicaRegions: [], names: ['database-host'] }),
    ],
    ['max is 8, and 10 tasks are needed', () => tasksOf({ us: { peak: 6, max: 8 }, eu: { peak: 4, max: 20 } })],
  ])('%s', (message, make) => {
    expect(() => make(emptyStack())).toThrow(message);
  });

  it('an apex is an alias, and the TTL is not used', () => {
    const template = Template.fromJSON(
      templateOf((stack) => void new RegionDns(stack, 'X', { ...dns, name: 'example.com', apex: true })) as Record<
        string,
        unknown
      >,
    );
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: 'example.com',
      Type: 'A',
      AliasTarget: { DNSName: 'eu.elb.amazonaws.com', HostedZoneId: 'Z1', EvaluateTargetHealth: true },
    });
  });
});
