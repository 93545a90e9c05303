import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { reservePorts } from '../../../packages/lab/src/index.ts';
import type { Cluster, Node } from '../cluster.ts';
import { debianPostgres } from '../debian.ts';
import { APP_SQL, asSuperuser, postgresOf, REGIONS, serverOf, tails, urlOf, versionOf } from '../postgres.ts';
import { createPrograms, type Programs, treeBelow, until } from '../programs.ts';

interface Place {
  readonly name: string;
  readonly port: number;
  readonly data: string;
  readonly config: string;
}

/** repmgr with repmgrd: three nodes in three regions. A killed node comes back as a standby by `node rejoin`. */
export async function createRepmgr(): Promise<Cluster> {
  const programs = createPrograms('repmgr');
  try {
    return await start(programs);
  } catch (error) {
    process.stderr.write(`${tails(programs, ['d1', 'n1', 'n2', 'n3'])}\n`);
    programs[Symbol.dispose]();
    throw error;
  }
}

async function start(programs: Programs): Promise<Cluster> {
  const { directory } = programs;
  const bin = debianPostgres();
  const program = (name: string): string => join(bin, name);
  const places = (await reservePorts(3)).ports.map((port, at): Place => {
    const name = `n${at + 1}`;
    const place = { name, port, data: join(directory, `d${at + 1}`), config: join(directory, `${name}.conf`) };
    writeFileSync(place.config, configOf(place, at + 1, bin));
    return place;
  });
  const [first, ...others] = places as [Place, ...Place[]];
  const server = ({ port, data }: Place): ReturnType<typeof serverOf> => serverOf(programs, { bin, data, port });
  const repmgr = ({ config }: Place, ...args: readonly string[]): Promise<string> =>
    programs.run(program('repmgr'), ['-f', config, ...args]);
  const agents = new Map<string, number>();
  const startAgent = ({ name, config }: Place): void => {
    agents.set(name, programs.start(name, program('repmgrd'), ['-f', config, '--daemonize=false']));
  };

  await programs.run(program('initdb'), ['-D', first.data, '-U', 'postgres', '--auth=trust']);
  appendFileSync(join(first.data, 'postgresql.conf'), settingsOf(directory));
  await server(first).startServer();
  await asSuperuser(first.port, [
    'create role repmgr superuser login',
    'create database repmgr owner repmgr',
    ...APP_SQL,
  ]);
  await repmgr(first, 'primary', 'register');
  for (const place of others) {
    const from = ['-h', '127.0.0.1', '-p', String(first.port), '-U', 'repmgr', '-d', 'repmgr'];
    await repmgr(place, ...from, 'standby', 'clone', '-c');
    await server(place).startServer();
    await repmgr(place, 'standby', 'register', '--wait-sync');
  }
  for (const place of places) startAgent(place);

  /** The primaries and the standbys that stream, as the nodes themselves say. */
  const roles = async (): Promise<readonly ('primary' | 'standby' | 'away')[]> =>
    Promise.all(places.map(({ port }) => roleOf(port)));
  const leader = async (): Promise<Node | undefined> => {
    const all = await roles();
    return all.filter((role) => role === 'primary').length === 1 ? nodes[all.indexOf('primary')] : undefined;
  };
  const nodes = places.map(
    (place): Node => ({
      name: place.name,
      url: urlOf(place.port),
      agent: () => treeBelow(agents.get(place.name) as number),
      postgres: () => postgresOf(place.data),
      start: async () => {
        const primary = await until('there is a primary to follow', leader);
        const from = places[nodes.indexOf(primary)] as Place;
        // Recovers from the crash and stops in order first: pg_rewind asks for a clean end.
        await server(place).startServer();
        await server(place).stopServer();
        const conninfo = `host=127.0.0.1 port=${from.port} user=repmgr dbname=repmgr`;
        let refusal: unknown;
        // It refuses until the new primary is registered, and may fail behind the start of the server.
        await until(`${place.name} rejoins`, async () => {
          try {
            // Until its first checkpoint a promoted server's control file names the old timeline: pg_rewind copies nothing.
            await asSuperuser(from.port, ['checkpoint']);
            await repmgr(place, 'node', 'rejoin', '-d', conninfo, '--force-rewind');
            return true;
          } catch (error) {
            refusal = error;
            return (await roleOf(place.port)) === 'standby';
          }
        }).catch((error: Error) => {
          throw new Error(`${error.message}: ${errorsOf(refusal)}`, { cause: refusal });
        });
        startAgent(place);
      },
      ...server(place),
    }),
  );
  return {
    versions: `repmgr ${await versionOf(programs, program('repmgr'))}, PostgreSQL ${await versionOf(programs, program('postgres'))}`,
    pools: Object.fromEntries(places.map(({ port }, at) => [REGIONS[at], [urlOf(port)]])),
    nodes,
    leader,
    isWhole: async () => {
      const all = await roles();
      return all.filter((role) => role === 'primary').length === 1 && !all.includes('away');
    },
    logs: () =>
      tails(
        programs,
        nodes.map(({ name }) => name),
      ),
    async switchover() {
      throw new Error('repmgr switches over through SSH alone');
    },
    [Symbol.dispose]: () => programs[Symbol.dispose](),
  };
}

/** The lines of repmgr that say why, out of a minute's worth of notices. */
const errorsOf = (refusal: unknown): string =>
  String((refusal as Error).message)
    .split('\n')
    .filter((line) => /^(?:ERROR|DETAIL|HINT)/.test(line))
    .slice(-3)
    .join(' ');

async function roleOf(port: number): Promise<'primary' | 'standby' | 'away'> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    connectionTimeoutMillis: 1_000,
    query_timeout: 1_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ role: 'primary' | 'standby' | 'away' }>(
      `select case when not pg_is_in_recovery() then 'primary'
        when exists (select from pg_stat_wal_receiver where status = 'streaming') then 'standby' else 'away' end as role`,
    );
    return rows[0]?.role ?? 'away';
  } catch {
    return 'away';
  } finally {
    await client.end().catch(() => {});
  }
}

function configOf({ name, port, data, config }: Place, id: number, bin: string): string {
  const repmgr = join(bin, 'repmgr');
  return `node_id=${id}
node_name='${name}'
conninfo='host=127.0.0.1 port=${port} user=repmgr dbname=repmgr connect_timeout=2'
data_directory='${data}'
pg_bindir='${bin}'
failover='automatic'
promote_command='${repmgr} standby promote -f ${config} --log-to-file'
follow_command='${repmgr} standby follow -f ${config} --log-to-file --upstream-node-id=%n'
monitor_interval_secs=1
reconnect_attempts=3
reconnect_interval=1
use_replication_slots=yes
repmgrd_pid_file='${data}.pid'
service_start_command='${join(bin, 'pg_ctl')} -D ${data} -w -o "-p ${port}" -l ${data}.log start'
service_stop_command='${join(bin, 'pg_ctl')} -D ${data} -w -m fast stop'
`;
}

/** Without the port: pg_rewind copies this file from the other node. */
const settingsOf = (directory: string): string => `
listen_addresses = '127.0.0.1'
unix_socket_directories = '${directory}'
max_wal_senders = 10
max_replication_slots = 10
wal_log_hints = on
shared_preload_libraries = 'repmgr'
shared_buffers = 32MB
fsync = off
`;
