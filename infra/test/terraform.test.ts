import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openWorkspace, terraformVersion, type Workspace } from '../check/terraform.ts';
import { fixture, TERRAFORM } from './folders.ts';

const version = await terraformVersion();
const EXAMPLE = 'examples/three-regions';

let open: Workspace | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});
const workspace = async (root: string, at?: string): Promise<Workspace> => {
  open = await openWorkspace(root, at);
  const { exit, output } = await open.terraform('init', '-backend=false');
  expect(exit, output).toBe(0);
  return open;
};

interface Change {
  readonly address: string;
  readonly change: { readonly actions: readonly string[] };
}
/** What a plan would do to each resource: `update module.database["eu-west-1"].aws_db_instance.this`. */
const planned = async ({ terraform }: Workspace, ...args: readonly string[]): Promise<readonly string[]> => {
  const made = await terraform('plan', '-out=plan', ...args);
  expect(made.exit, made.output).toBe(0);
  const { resource_changes } = JSON.parse((await terraform('show', '-json', 'plan')).output) as {
    resource_changes?: readonly Change[];
  };
  return (resource_changes ?? [])
    .map(({ address, change }) => `${change.actions.join('-')} ${address}`)
    .filter((line) => !/^(?:no-op|read) /.test(line));
};

interface State {
  serial: number;
  resources: { type: string; instances: { attributes: Record<string, unknown> }[] }[];
}
/** What a failover leaves behind Terraform's back: the replica of Ireland has no source any more, and has backups. */
const promote = async ({ folder }: Workspace, region: string): Promise<void> => {
  const path = join(folder, 'terraform.tfstate');
  const state = JSON.parse(await readFile(path, 'utf8')) as State;
  const instance = state.resources
    .filter(({ type }) => type === 'aws_db_instance')
    .flatMap(({ instances }) => instances)
    .find(({ attributes }) => attributes['region'] === region);
  expect(instance?.attributes['replicate_source_db']).toMatch(/^arn:aws:rds:us-east-1:/);
  Object.assign(instance?.attributes ?? {}, { replicate_source_db: '' });
  state.serial += 1;
  await writeFile(path, JSON.stringify(state));
};

// The parser's lint runs everywhere. What needs the program says so in its name where there is none.
describe.runIf(version !== undefined)(`terraform ${version ?? '(not on this machine: not run)'}`, () => {
  it('all files are formatted', async () => {
    const { terraform } = await workspace(TERRAFORM);
    expect(await terraform('fmt', '-check', '-recursive')).toEqual({ exit: 0, output: '' });
  });

  it('the example is valid, and its tests pass', async () => {
    const { terraform } = await workspace(TERRAFORM, EXAMPLE);
    expect((await terraform('validate')).output).toContain('Success! The configuration is valid.');
    const { exit, output } = await terraform('test');
    expect(exit, output).toBe(0);
    expect(output).toContain('Success! 12 passed, 0 failed.');
  });

  it.each([
    ['both-policies', '"latency_routing_policy": conflicts with failover_routing_policy'],
    ['both-policies', '"alias": conflicts with ttl'],
    ['check-of-the-global-name', 'expected request_interval to be one of 10, 30, got 5'],
    ['secret-replica-resource', 'does not support resource type "aws_secretsmanager_secret_replica"'],
    ['source-by-identifier', 'expected backup_retention_period to be in the range (0 - 35), got 50'],
  ])('%s is refused: %s', async (name, error) => {
    const { terraform } = await workspace(fixture(name));
    const { exit, output } = await terraform('validate');
    expect(exit).toBe(1);
    expect(output.replace(/\s+/g, ' ')).toContain(error);
  });

  describe('after a failover', () => {
    const variables = async ({ folder }: Workspace): Promise<void> => {
      const test = await readFile(join(folder, 'three-regions.tftest.hcl'), 'utf8');
      const [, values = ''] = /^variables \{\n([\s\S]*?)^\}/m.exec(test) ?? [];
      await writeFile(join(folder, 'terraform.tfvars'), values);
    };
    const applied = async (): Promise<Workspace> => {
      const three = await workspace(TERRAFORM, EXAMPLE);
      await variables(three);
      const { exit, output } = await three.terraform('apply', '-auto-approve');
      expect(exit, output).toBe(0);
      return three;
    };

    it('the plan leaves the new primary and the old one alone', async () => {
      const three = await applied();
      await promote(three, 'eu-west-1');
      expect(await planned(three)).toEqual([]);
      expect(await planned(three, '-var=primary=eu-west-1')).toEqual([]);
    });

    it('-replace rebuilds the old primary alone, as a replica of the new one', async () => {
      const three = await applied();
      await promote(three, 'eu-west-1');
      const old = 'module.database["us-east-1"].aws_db_instance.this';
      const rebuild = ['-var=primary=eu-west-1', `-replace=${old}`];
      const changes = await planned(three, ...rebuild);
      expect(changes.filter((line) => line.includes('aws_db_instance'))).toEqual([`delete-create ${old}`]);
      const plan = JSON.parse((await three.terraform('show', '-json', 'plan')).output) as {
        resource_changes: readonly { address: string; change: { after: { replicate_source_db: string } } }[];
      };
      expect(plan.resource_changes.find(({ address }) => address === old)?.change.after.replicate_source_db).toBe(
        'arn:aws:rds:eu-west-1:123456789012:db:app-eu-west-1',
      );
    });

    it('each rebuild gives the final snapshot of the instance another name, and no other plan changes it', async () => {
      const three = await applied();
      const old = 'module.database["us-east-1"].aws_db_instance.this';
      const state = JSON.parse(await readFile(join(three.folder, 'terraform.tfstate'), 'utf8')) as State;
      const names = state.resources
        .filter(({ type }) => type === 'aws_db_instance')
        .flatMap(({ instances }) => instances.map(({ attributes }) => attributes['final_snapshot_identifier']));
      expect(names).toContainEqual(expect.stringMatching(/^app-us-east-1-final-\d{14}$/));
      expect(await planned(three)).toEqual([]);
      const renamed = async (): Promise<unknown> => {
        expect(await planned(three, `-replace=${old}`)).toContain(`delete-create ${old}`);
        const plan = JSON.parse((await three.terraform('show', '-json', 'plan')).output) as {
          resource_changes: readonly { address: string; change: { after: Record<string, unknown> } }[];
        };
        return plan.resource_changes.find(({ address }) => address === old)?.change.after['final_snapshot_identifier'];
      };
      // The name has the second of the plan in it.
      await expect.poll(renamed, { timeout: 60_000, interval: 500 }).not.toSatisfy((name) => names.includes(name));
    });

    it('without ignore_changes the plan asks the new primary to become a replica again', async () => {
      const bad = await workspace(fixture('promoted-state'));
      expect((await bad.terraform('apply', '-auto-approve')).exit).toBe(0);
      await promote(bad, 'eu-west-1');
      expect(await planned(bad)).toEqual(['update aws_db_instance.this["eu-west-1"]']);
    });

    it('with a resource for each role the plan destroys the new primary', async () => {
      const bad = await workspace(fixture('role-by-resource'));
      expect((await bad.terraform('apply', '-auto-approve')).exit).toBe(0);
      await promote(bad, 'eu-west-1');
      expect(await planned(bad, '-var=primary=eu-west-1')).toEqual([
        'create aws_db_instance.primary[0]',
        'delete aws_db_instance.replica[0]',
      ]);
    });
  });
});
