import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import hcl from '@cdktf/hcl2json';
import type { Database, Infrastructure, RecordSet } from './infrastructure.ts';

type Block = Readonly<Record<string, unknown>>;
type Resources = Readonly<Record<string, Readonly<Record<string, readonly Block[]>>>>;

/** Blocks of a type that no provider of AWS has, and that are written in good faith. */
const STRANGERS = /^aws_secretsmanager_(?:secret_)?replica(?:tion)?$/;

/** Reads the `.tf` files of one folder. Expressions stay text: nothing is evaluated. */
export async function readTerraform(folder: string): Promise<Infrastructure> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.tf')).sort();
  const found: [type: string, name: string, block: Block][] = [];
  for (const file of files) {
    const { resource = {} } = (await hcl.parse(file, await readFile(join(folder, file), 'utf8'))) as {
      resource?: Resources;
    };
    for (const [type, named] of Object.entries(resource))
      for (const [name, blocks] of Object.entries(named)) for (const block of blocks) found.push([type, name, block]);
  }
  const all = <T>(type: string, make: (at: string, block: Block, name: string) => T): readonly T[] =>
    found.filter((one) => one[0] === type).map(([, name, block]) => make(`${type}.${name}`, block, name));
  const versions = all('aws_secretsmanager_secret_version', (_, block) => block);

  return {
    records: all('aws_route53_record', record),
    checks: all('aws_route53_health_check', (at, block) => ({
      at,
      host: text(block['fqdn']),
      interval: text(block['request_interval']),
      threshold: text(block['failure_threshold']),
    })),
    databases: all('aws_db_instance', database),
    secrets: all('aws_secretsmanager_secret', (at, block, name) => ({
      at,
      isReplicated: has(block, 'replica'),
      values: versions
        .filter((version) => text(version['secret_id'])?.includes(`aws_secretsmanager_secret.${name}`))
        .map((version) => text(version['secret_string']) ?? text(version['secret_string_wo']) ?? ''),
      isAttached: false,
    })),
    containers: all('aws_ecs_task_definition', (at, block) => ({
      at,
      stopTimeout: /["']?stopTimeout["']?\s*[:=]\s*([^,}\n]+)/
        .exec(text(block['container_definitions']) ?? '')?.[1]
        ?.trim(),
    })),
    strangers: found.filter(([type]) => STRANGERS.test(type)).map(([type, name]) => ({ at: `${type}.${name}` })),
  };
}

function record(at: string, block: Block): RecordSet {
  const isConditional = has(dynamic(block), 'alias');
  return {
    at,
    name: text(block['name']) ?? '',
    ttl: isConditional ? undefined : text(block['ttl']),
    hasAlias: has(block, 'alias'),
    hasConditionalAlias: isConditional,
    latency: has(block, 'latency_routing_policy'),
    failover: has(block, 'failover_routing_policy'),
    healthCheck: text(block['health_check_id']),
  };
}

function database(at: string, block: Block): Database {
  const [lifecycle] = (block['lifecycle'] as readonly Block[] | undefined) ?? [];
  const ignores = (lifecycle?.['ignore_changes'] as readonly unknown[] | undefined) ?? [];
  return {
    at,
    source: text(block['replicate_source_db']),
    region: text(block['region']),
    key: text(block['kms_key_id']),
    isEncrypted: text(block['storage_encrypted']) !== 'false',
    retention: text(block['backup_retention_period']),
    managesPassword: text(block['manage_master_user_password']) === 'true',
    isProtected: block['deletion_protection'] !== undefined && text(block['deletion_protection']) !== 'false',
    count: text(block['count']),
    ignores: ignores.map((name) => String(name).replace(/^\$\{(.*)\}$/, '$1')),
  };
}

const dynamic = (block: Block): Block => (block['dynamic'] as Block | undefined) ?? {};
const has = (block: Block, name: string): boolean => block[name] !== undefined || dynamic(block)[name] !== undefined;

/** A value as text: `${…}` of an expression is taken off. */
function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return String(value).replace(/^\$\{([\s\S]*)\}$/, '$1');
}
