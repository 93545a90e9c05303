import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { together } from '../check/lint/infrastructure.ts';
import { readTerraform } from '../check/lint/read-terraform.ts';
import { lint, RULE_IDS } from '../check/lint/rules.ts';
import { fixture, TERRAFORM } from './folders.ts';

const broken = async (folder: string): Promise<readonly string[]> =>
  lint(await readTerraform(folder))
    .map(({ rule, at }) => `${rule} ${at}`)
    .sort();

/** What each folder of `fixtures/terraform` has wrong. */
const FIXTURES: Readonly<Record<string, readonly string[]>> = {
  'both-policies': [
    'alias-below-the-apex aws_route53_record.api',
    'latency-and-failover aws_route53_record.api',
    'ttl-of-an-alias aws_route53_record.api',
  ],
  'check-of-the-global-name': [
    'check-interval aws_route53_health_check.api',
    'check-of-the-global-name aws_route53_health_check.api',
  ],
  'secret-replica-resource': ['secret-replica-resource aws_secretsmanager_secret_replica.database'],
  'source-by-identifier': [
    'backup-retention aws_db_instance.primary',
    'key-of-the-replica aws_db_instance.replica',
    'managed-password aws_db_instance.primary',
    'source-by-identifier aws_db_instance.replica',
  ],
  'promoted-state': ['promoted-state aws_db_instance.this'],
  'role-by-resource': ['role-by-resource aws_db_instance.primary', 'role-by-resource aws_db_instance.replica'],
  'host-in-the-secret': ['host-in-a-replicated-secret aws_secretsmanager_secret.database'],
  'alias-below-the-apex': [
    'alias-below-the-apex aws_route53_record.api',
    'no-check-of-the-region aws_route53_record.api',
    'stop-timeout aws_ecs_task_definition.app',
    'unprotected-database aws_db_instance.unprotected',
  ],
};

describe('the lint of Terraform', () => {
  it.each(Object.entries(FIXTURES))('finds what is wrong in %s', async (name, expected) => {
    expect(await broken(fixture(name))).toEqual(expected);
  });

  it('has a fixture for each rule', async () => {
    expect((await readdir(fixture('.'))).sort()).toEqual(Object.keys(FIXTURES).sort());
    const met = new Set(Object.values(FIXTURES).flatMap((lines) => lines.map((line) => line.split(' ')[0])));
    expect([...met].sort()).toEqual([...RULE_IDS].sort());
  });

  it('finds nothing in our modules and examples', async () => {
    const modules = (await readdir(join(TERRAFORM, 'modules'))).map((name) => join('modules', name));
    const folders = [...modules, 'examples/three-regions'];
    const parts = await Promise.all(folders.map((folder) => readTerraform(join(TERRAFORM, folder))));
    const all = together(parts);
    // It has read them: no rule can be broken by a resource that was not seen.
    expect({
      records: all.records.length,
      checks: all.checks.length,
      databases: all.databases.length,
      secrets: all.secrets.length,
      containers: all.containers.length,
    }).toEqual({ records: 4, checks: 1, databases: 1, secrets: 1, containers: 1 });
    expect(lint(all)).toEqual([]);
  });
});
