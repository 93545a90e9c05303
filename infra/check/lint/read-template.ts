import type { Infrastructure, Secret } from './infrastructure.ts';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A template of CloudFormation, as CDK writes it. */
export interface Template {
  readonly Resources?: Readonly<Record<string, Resource>>;
}

/** @param region the region of the stack: a template does not name it */
export function readTemplate(stack: string, region: string | undefined, { Resources = {} }: Template): Infrastructure {
  const all = <T>(
    type: string,
    make: (at: string, properties: Readonly<Record<string, unknown>>, resource: Resource, id: string) => T,
  ): readonly T[] =>
    Object.entries(Resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, resource]) => make(`${stack}/${id}`, resource.Properties ?? {}, resource, id));
  const attached = new Set(
    all('AWS::SecretsManager::SecretTargetAttachment', (_, { SecretId }) => referenced(SecretId)),
  );

  return {
    records: all('AWS::Route53::RecordSet', (at, properties) => ({
      at,
      name: text(properties['Name']) ?? '',
      ttl: text(properties['TTL']),
      hasAlias: properties['AliasTarget'] !== undefined,
      hasConditionalAlias: false,
      latency: properties['Region'] !== undefined,
      failover: properties['Failover'] !== undefined,
      healthCheck: text(properties['HealthCheckId']),
    })),
    checks: all('AWS::Route53::HealthCheck', (at, properties) => {
      const config = (properties['HealthCheckConfig'] ?? {}) as Readonly<Record<string, unknown>>;
      return {
        at,
        host: text(config['FullyQualifiedDomainName']),
        interval: text(config['RequestInterval']),
        threshold: text(config['FailureThreshold']),
      };
    }),
    databases: all('AWS::RDS::DBInstance', (at, properties, { DeletionPolicy, UpdateReplacePolicy }) => ({
      at,
      source: text(properties['SourceDBInstanceIdentifier']),
      region,
      key: text(properties['KmsKeyId']),
      isEncrypted: properties['StorageEncrypted'] === true,
      retention: text(properties['BackupRetentionPeriod']),
      managesPassword: properties['ManageMasterUserPassword'] === true,
      isProtected: [DeletionPolicy, UpdateReplacePolicy].every(
        (policy) => policy === 'Retain' || policy === 'Snapshot',
      ),
      count: undefined,
      ignores: undefined,
    })),
    secrets: all(
      'AWS::SecretsManager::Secret',
      (at, properties, _, id): Secret => ({
        at,
        isReplicated: ((properties['ReplicaRegions'] as readonly unknown[] | undefined) ?? []).length > 0,
        values: [properties['SecretString'], properties['GenerateSecretString']].flatMap((value) =>
          value === undefined ? [] : [JSON.stringify(value).replaceAll('\\"', '"')],
        ),
        isAttached: attached.has(id),
      }),
    ),
    containers: all('AWS::ECS::TaskDefinition', (at, properties) => {
      const [container] = (properties['ContainerDefinitions'] ?? []) as readonly Readonly<Record<string, unknown>>[];
      return { at, stopTimeout: text(container?.['StopTimeout']) };
    }),
    strangers: [],
  };
}

const referenced = (value: unknown): string | undefined => (value as { Ref?: string } | undefined)?.Ref;
const text = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};
