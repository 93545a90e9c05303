import { join } from 'node:path';
import { reservePorts } from '../../../packages/lab/src/index.ts';
import type { Cluster, Node } from '../cluster.ts';
import { debianPostgres } from '../debian.ts';
import { APP_SQL, asSuperuser, postgresOf, REGIONS, serverOf, tails, urlOf, versionOf } from '../postgres.ts';
import { createPrograms, type Programs, treeBelow, until } from '../programs.ts';

interface Member {
  readonly nodename: string;
  readonly current_group_state: string;
  readonly assigned_group_state: string;
}

const PRIMARY = /^(primary|single|wait_primary)$/;

/** pg_auto_failover: a monitor and three nodes in three regions. */
export async function createPgAutoFailover(): Promise<Cluster> {
  const programs = createPrograms('pgaf');
  try {
    return await start(programs);
  } catch (error) {
    process.stderr.write(`${tails(programs, ['monitor', 'n1', 'n2', 'n3'])}\n`);
    programs[Symbol.dispose]();
    throw error;
  }
}

async function start(programs: Programs): Promise<Cluster> {
  const bin = debianPostgres();
  const [monitorPort, ...ports] = (await reservePorts(4)).ports as [number, ...number[]];
  const monitor = join(programs.directory, 'monitor');
  const common = ['--pgctl', join(bin, 'pg_ctl'), '--hostname', '127.0.0.1', '--auth', 'trust', '--no-ssl', '--run'];
  const create = (what: 'monitor' | 'postgres', name: string, port: number, ...more: readonly string[]): number =>
    programs.start(name, 'pg_autoctl', [
      ...['create', what, '--pgdata', join(programs.directory, name), '--pgport', String(port)],
      ...common,
      ...more,
    ]);
  create('monitor', 'monitor', monitorPort);
  await until('the monitor listens', () => /Contacting the monitor to LISTEN/.test(programs.log('monitor')));

  /** Of the nodes that are in the state they should be in, each one's name and state. */
  const settled = async (): Promise<readonly (readonly [name: string, state: string])[]> => {
    const printed = await programs.run('pg_autoctl', ['show', 'state', '--pgdata', monitor, '--json']);
    return (JSON.parse(printed) as readonly Member[])
      .filter(({ current_group_state: now, assigned_group_state: wanted }) => now === wanted)
      .map(({ nodename, current_group_state: state }) => [nodename, state] as const);
  };
  const isWhole = async (primary: RegExp, standbys: number): Promise<boolean> => {
    const states = (await settled()).map(([, state]) => state);
    const count = (pattern: RegExp): number => states.filter((state) => pattern.test(state)).length;
    return count(primary) === 1 && count(/^secondary$/) === standbys;
  };
  const agents = new Map<string, number>();
  const uri = `postgres://autoctl_node@127.0.0.1:${monitorPort}/pg_auto_failover?sslmode=disable`;
  for (const [at, port] of ports.entries()) {
    const name = `n${at + 1}`;
    agents.set(name, create('postgres', name, port, '--name', name, '--monitor', uri));
    // One after another: a standby is copied from a primary that is there.
    await until(`${name} has joined`, () => isWhole(PRIMARY, at));
  }
  await asSuperuser(ports[0] as number, APP_SQL);

  const nodes = ports.map((port, at): Node => {
    const name = `n${at + 1}`;
    const data = join(programs.directory, name);
    return {
      name,
      url: urlOf(port),
      agent: () => {
        const postgres = new Set(postgresOf(data));
        return treeBelow(agents.get(name) as number).filter((pid) => !postgres.has(pid));
      },
      postgres: () => postgresOf(data),
      start: async () => void agents.set(name, programs.start(name, 'pg_autoctl', ['run', '--pgdata', data])),
      ...serverOf(programs, { bin, data, port }),
    };
  });
  return {
    versions: `pg_auto_failover ${await versionOf(programs, 'pg_autoctl')}, PostgreSQL ${await versionOf(programs, join(bin, 'postgres'))}`,
    pools: Object.fromEntries(ports.map((port, at) => [REGIONS[at], [urlOf(port)]])),
    nodes,
    leader: async () => {
      const primary = (await settled()).find(([, state]) => PRIMARY.test(state));
      return nodes.find(({ name }) => name === primary?.[0]);
    },
    isWhole: () => isWhole(/^primary$/, 2),
    logs: () => tails(programs, ['monitor', ...nodes.map(({ name }) => name)]),
    async switchover() {
      await programs.run('pg_autoctl', ['perform', 'switchover', '--pgdata', monitor]);
    },
    [Symbol.dispose]: () => programs[Symbol.dispose](),
  };
}
