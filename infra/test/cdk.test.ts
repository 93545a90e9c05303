import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { type ThreeRegionsProps, threeRegions } from '../cdk/src/three-regions.ts';
import { together } from '../check/lint/infrastructure.ts';
import { readTemplate } from '../check/lint/read-template.ts';
import { lint } from '../check/lint/rules.ts';
import { validateTemplate } from '../check/validate-template.ts';
import { FIRST_DAY } from './cdk-settings.ts';

interface Stack {
  readonly stackName: string;
  readonly environment: { readonly region: string };
  readonly template: object;
}
const synth = (props: ThreeRegionsProps): ReadonlyMap<string, Stack> =>
  new Map(
    threeRegions(props)
      .synth()
      .stacks.map((stack) => [stack.stackName, stack as Stack]),
  );
const first = synth(FIRST_DAY);
const stack = (name: string): Template =>
  Template.fromJSON((first.get(name) as Stack).template as Record<string, unknown>);
const REGIONS = Object.keys(FIRST_DAY.regions);

describe('three regions as constructs of CDK', () => {
  it('have two stacks each, and no stack waits for another one', () => {
    expect([...first.keys()].sort()).toEqual(REGIONS.flatMap((name) => [`app-${name}`, `data-${name}`]).sort());
    for (const { template } of first.values())
      expect(JSON.stringify(template)).not.toMatch(/Fn::ImportValue|Custom::CrossRegion/);
  });

  it.each(REGIONS)('%s: a latency record of 10 s, with a check of its own name', (region) => {
    const template = stack(`app-${region}`);
    template.hasResourceProperties('AWS::Route53::RecordSet', {
      Name: 'app.example.com',
      Type: 'CNAME',
      TTL: '10',
      Region: region,
      SetIdentifier: region,
      Failover: Match.absent(),
      HealthCheckId: Match.anyValue(),
    });
    template.hasResourceProperties('AWS::Route53::HealthCheck', {
      HealthCheckConfig: Match.objectLike({
        FullyQualifiedDomainName: `app-${region}.example.com`,
        ResourcePath: '/health',
        RequestInterval: 10,
        FailureThreshold: 3,
      }),
    });
  });

  it('drain within the stop timeout, and are ready without a database', () => {
    const template = stack('app-eu-west-1');
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [Match.objectLike({ StopTimeout: 60 })],
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPath: '/readyz',
      HealthCheckIntervalSeconds: 5,
      TargetGroupAttributes: Match.arrayWith([{ Key: 'deregistration_delay.timeout_seconds', Value: '45' }]),
    });
    template.hasResourceProperties('AWS::ECS::Service', {
      HealthCheckGracePeriodSeconds: 90,
      DeploymentConfiguration: Match.objectLike({ DeploymentCircuitBreaker: { Enable: true, Rollback: true } }),
    });
  });

  it('run enough tasks for the loss of the largest other region', () => {
    for (const [region, tasks] of [
      ['us-east-1', 10],
      ['eu-west-1', 10],
      ['ap-southeast-1', 8],
    ] as const)
      stack(`app-${region}`).hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
        MinCapacity: tasks,
        MaxCapacity: 20,
      });
  });

  it('replicate the secrets, and give each region the host of its own database', () => {
    const template = stack('data-us-east-1');
    template.resourceCountIs('AWS::SecretsManager::Secret', 6);
    template.allResourcesProperties('AWS::SecretsManager::Secret', {
      ReplicaRegions: [{ Region: 'eu-west-1' }, { Region: 'ap-southeast-1' }],
      SecretString: Match.absent(),
    });
    stack('data-eu-west-1').resourceCountIs('AWS::SecretsManager::Secret', 0);
    for (const region of REGIONS)
      stack(`data-${region}`).hasResourceProperties('AWS::SSM::Parameter', {
        Name: '/app/database/host',
        Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DataInstance1'), 'Endpoint.Address'] },
      });
  });

  it('let a task read the secrets of the app in every region, and not the password of the database administrator', () => {
    for (const region of REGIONS) {
      const policies = Object.values(stack(`app-${region}`).findResources('AWS::IAM::Policy')).map((policy) =>
        JSON.stringify(policy),
      );
      const [reads, ...others] = policies.filter((policy) => policy.includes('secretsmanager:GetSecretValue'));
      expect(others).toEqual([]);
      for (const name of ['tokens', 'peers', 'jwt-public', 'jwt-signing', 'database'])
        expect(reads).toContain(`:secret:app/${name}-??????`);
      expect(reads).not.toContain('master');
      expect(reads).toContain(`:ssm:*:`);
      expect(reads).not.toContain('"Resource":"*"');
    }
  });

  it('keep no password in a template', () => {
    stack('data-us-east-1').hasResourceProperties('AWS::RDS::DBInstance', {
      MasterUserPassword: '{{resolve:secretsmanager:app/master:SecretString:password::}}',
      BackupRetentionPeriod: 7,
    });
  });

  it.each([...first.keys()])('%s: the validator of AWS has nothing against it', (name) => {
    // W3005: a dependency that CDK itself writes twice. W9013: the key is given by its ARN.
    const said = validateTemplate(name, (first.get(name) as Stack).template);
    expect(said.filter((line) => !/^(?:W3005|W9013) /.test(line))).toEqual([]);
  });

  it('break no rule of ours', () => {
    const all = together(
      [...first.values()].map(({ stackName, environment, template }) =>
        readTemplate(stackName, environment.region, template),
      ),
    );
    expect([
      all.records.length,
      all.checks.length,
      all.databases.length,
      all.secrets.length,
      all.containers.length,
    ]).toEqual([6, 3, 3, 6, 3]);
    expect(lint(all)).toEqual([]);
  });
});

describe('after a failover', () => {
  it('the old primary is rebuilt under a new name, and the stack of the new primary is the same to the letter', () => {
    const rebuilt = synth({
      ...FIRST_DAY,
      regions: {
        ...FIRST_DAY.regions,
        'us-east-1': {
          ...(FIRST_DAY.regions['us-east-1'] as ThreeRegionsProps['regions'][string]),
          database: { generation: 2, createdAsReplicaOf: { region: 'eu-west-1' } },
        },
      },
    });
    expect(rebuilt.get('data-eu-west-1')?.template).toEqual(first.get('data-eu-west-1')?.template);
    const template = Template.fromJSON(rebuilt.get('data-us-east-1')?.template as Record<string, unknown>);
    template.resourceCountIs('AWS::RDS::DBInstance', 1);
    template.hasResource('AWS::RDS::DBInstance', {
      Properties: {
        DBInstanceIdentifier: 'app-us-east-1-2',
        SourceRegion: 'eu-west-1',
        SourceDBInstanceIdentifier: {
          'Fn::Join': ['', ['arn:aws:rds:eu-west-1:', { Ref: 'AWS::AccountId' }, ':db:app-eu-west-1']],
        },
      },
      DeletionPolicy: 'Retain',
    });
  });
});
