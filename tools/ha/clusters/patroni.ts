import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reservePorts } from '../../../packages/lab/src/index.ts';
import type { Cluster, Node } from '../cluster.ts';
import { debianPostgres } from '../debian.ts';
import { APP_SQL, postgresOf, REGIONS, serverOf, standbysOf, tails, urlOf, versionOf } from '../postgres.ts';
import { createPrograms, type Programs, treeBelow, until } from '../programs.ts';

/** How the apps reach the nodes: each directly, through HAProxy's two ports, or through a PgBouncer a node. */
export type Endpoints = 'direct' | 'haproxy' | 'pgbouncer-session' | 'pgbouncer-transaction';

interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
  /** Of a standby, in bytes; `unknown` while the primary does not know it. */
  readonly lag?: number | 'unknown';
}

interface Place {
  readonly name: string;
  readonly port: number;
  readonly restPort: number;
  readonly dataDirectory: string;
  readonly config: string;
}

const LEADERS = new Set(['leader', 'master', 'primary']);

/** Patroni over one etcd, with three nodes in three regions. */
export async function createPatroni(endpoints: Endpoints): Promise<Cluster> {
  const programs = createPrograms(`patroni-${endpoints}`);
  try {
    return await start(programs, endpoints);
  } catch (error) {
    process.stderr.write(`${tails(programs, ['etcd', 'n1', 'n2', 'n3'])}\n`);
    programs[Symbol.dispose]();
    throw error;
  }
}

async function start(programs: Programs, endpoints: Endpoints): Promise<Cluster> {
  const { directory } = programs;
  const bin = debianPostgres();
  const [etcdPort, etcdPeerPort, ...ports] = (await reservePorts(13)).ports as [number, number, ...number[]];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const etcdPeerUrl = `http://127.0.0.1:${etcdPeerPort}`;
  // biome-ignore format: one flag and its value a line
  programs.start('etcd', 'etcd', [
    '--name', 'e', '--data-dir', programs.mkdir('etcd'),
    '--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl,
    '--listen-peer-urls', etcdPeerUrl, '--initial-advertise-peer-urls', etcdPeerUrl,
    '--initial-cluster', `e=${etcdPeerUrl}`,
  ]);
  await until('etcd answers', () => isOk(`${etcdUrl}/health`));

  const places = [1, 2, 3].map((n): Place => {
    const name = `n${n}`;
    const place = {
      name,
      port: ports[2 * n - 2] as number,
      restPort: ports[2 * n - 1] as number,
      dataDirectory: join(directory, `d${n}`),
      config: join(directory, `${name}.json`),
    };
    // YAML takes JSON.
    writeFileSync(place.config, JSON.stringify(configOf(place, { bin, directory, etcdPort })));
    return place;
  });
  writeFileSync(join(directory, 'post.sh'), POST_INIT, { mode: 0o755 });

  const agents = new Map<string, number>();
  const startAgent = (place: Place): void => {
    agents.set(place.name, programs.start(place.name, 'patroni', [place.config]));
  };
  const members = async (): Promise<readonly Member[]> => {
    for (const { restPort } of places) {
      try {
        const answer = await fetch(`http://127.0.0.1:${restPort}/cluster`, { signal: AbortSignal.timeout(1_000) });
        return ((await answer.json()) as { members: readonly Member[] }).members;
      } catch {
        // This agent is down: another knows as well.
      }
    }
    return [];
  };
  // A standby of Patroni 3.0 is `running` also while it does not stream: its timeline tells, and that its lag is known.
  const isWhole = async (): Promise<boolean> => {
    const all = await members();
    const primary = all.find(({ role, state }) => LEADERS.has(role) && state === 'running');
    const streaming = all.filter(
      ({ role, state, timeline, lag }) =>
        !LEADERS.has(role) &&
        /^(running|streaming)$/.test(state) &&
        timeline === primary?.timeline &&
        typeof lag === 'number',
    );
    if (streaming.length !== 2) return false;
    return (await standbysOf({ url: urlOf((places.find(({ name }) => name === primary?.name) as Place).port) })) === 2;
  };
  const [first, ...others] = places as [Place, ...Place[]];
  startAgent(first);
  await until('the first node is the primary', async () => (await members()).some(({ role }) => LEADERS.has(role)));
  for (const place of others) startAgent(place);
  await until('two standbys stream', isWhole);

  const nodes = places.map(
    (place): Node => ({
      name: place.name,
      url: urlOf(place.port),
      agent: () => {
        const postgres = new Set(postgresOf(place.dataDirectory));
        return treeBelow(agents.get(place.name) as number).filter((pid) => !postgres.has(pid));
      },
      postgres: () => postgresOf(place.dataDirectory),
      start: async () => startAgent(place),
      ...serverOf(programs, { bin, data: place.dataDirectory, port: place.port }),
    }),
  );
  const nodeOf = (name: string | undefined): Node | undefined => nodes.find((node) => node.name === name);
  const leader = async (): Promise<Node | undefined> =>
    nodeOf((await members()).find(({ role, state }) => LEADERS.has(role) && state === 'running')?.name);
  return {
    versions: await versionsOf(programs, bin, endpoints),
    pools: await poolsOf(programs, places, endpoints, ports.slice(6)),
    nodes,
    managers: Object.fromEntries(places.map(({ name, restPort }) => [name, `http://127.0.0.1:${restPort}`])),
    leader,
    isWhole,
    logs: () =>
      tails(
        programs,
        nodes.flatMap(({ name }) => [name, ...(endpoints.startsWith('pgbouncer') ? [`pgbouncer-${name}`] : [])]),
      ),
    async switchover() {
      const from = (await leader()) as Node;
      const to = nodes.find((node) => node !== from) as Node;
      const { restPort } = places.find(({ name }) => name === from.name) as Place;
      const body = JSON.stringify({ leader: from.name, candidate: to.name });
      // It refuses while it has not yet seen how far the candidate is.
      await until('Patroni agrees to a switchover', async () => {
        const answer = await fetch(`http://127.0.0.1:${restPort}/switchover`, { method: 'POST', body });
        return answer.ok;
      });
    },
    [Symbol.dispose]: () => programs[Symbol.dispose](),
  };
}

const POST_INIT = `#!/bin/sh
exec psql "$1" -v ON_ERROR_STOP=1 ${APP_SQL.map((statement) => `-c "${statement}"`).join(' ')}
`;

function configOf(
  { name, port, restPort, dataDirectory }: Place,
  { bin, directory, etcdPort }: { readonly bin: string; readonly directory: string; readonly etcdPort: number },
): object {
  const rest = `127.0.0.1:${restPort}`;
  const listen = `127.0.0.1:${port}`;
  const trusted = ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust', 'local all all trust'];
  return {
    scope: 'regionkit',
    name,
    restapi: { listen: rest, connect_address: rest },
    etcd3: { host: `127.0.0.1:${etcdPort}` },
    bootstrap: {
      dcs: {
        ttl: 20,
        loop_wait: 2,
        retry_timeout: 3,
        maximum_lag_on_failover: 1_048_576,
        postgresql: {
          use_pg_rewind: true,
          use_slots: true,
          // Patroni's own advice: a node that was just promoted writes its new timeline at once, so that rewind sees it.
          parameters: {
            wal_level: 'logical',
            max_connections: 100,
            wal_log_hints: 'on',
            shared_buffers: '32MB',
            fsync: 'off',
          },
        },
      },
      initdb: [{ encoding: 'UTF8' }, 'data-checksums'],
      pg_hba: trusted,
      post_init: join(directory, 'post.sh'),
    },
    postgresql: {
      listen,
      connect_address: listen,
      data_dir: dataDirectory,
      bin_dir: bin,
      pgpass: join(directory, `pgpass-${name}`),
      authentication: {
        replication: { username: 'replicator', password: 'x' },
        superuser: { username: 'postgres', password: 'x' },
        rewind: { username: 'rewinder', password: 'x' },
      },
      basebackup: [{ checkpoint: 'fast' }],
      parameters: { unix_socket_directories: directory },
    },
  };
}

/** A region a node; behind HAProxy one region, with the port that leads to the primary and the one that leads to standbys. */
async function poolsOf(
  programs: Programs,
  places: readonly Place[],
  endpoints: Endpoints,
  ports: readonly number[],
): Promise<Record<string, readonly string[]>> {
  if (endpoints === 'haproxy') {
    const [primary, standbys] = ports as [number, number];
    const config = join(programs.directory, 'haproxy.cfg');
    writeFileSync(config, haproxyConfig(places, primary, standbys));
    programs.start('haproxy', 'haproxy', ['-db', '-f', config]);
    return { 'us-east-1': [urlOf(primary), urlOf(standbys)] };
  }
  if (endpoints === 'direct') return Object.fromEntries(places.map(({ port }, at) => [REGIONS[at], [urlOf(port)]]));
  const mode = endpoints === 'pgbouncer-session' ? 'session' : 'transaction';
  const users = join(programs.directory, 'users.txt');
  writeFileSync(users, '"app" ""\n');
  return Object.fromEntries(
    places.map(({ name, port }, at) => {
      const listen = ports[at] as number;
      const config = join(programs.directory, `pgbouncer-${name}.ini`);
      writeFileSync(
        config,
        `[databases]\napp = host=127.0.0.1 port=${port} dbname=app\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${listen}\nunix_socket_dir =\nauth_type = trust\nauth_file = ${users}\npool_mode = ${mode}\nmax_client_conn = 200\ndefault_pool_size = 20\nserver_login_retry = 1\n`,
      );
      programs.start(`pgbouncer-${name}`, 'pgbouncer', [config]);
      return [REGIONS[at], [urlOf(listen)]];
    }),
  );
}

function haproxyConfig(places: readonly Place[], primary: number, standbys: number): string {
  const listen = (name: string, port: number, path: string): string => `
listen ${name}
  bind 127.0.0.1:${port}
  option httpchk OPTIONS ${path}
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
${places.map((place) => `  server ${place.name} 127.0.0.1:${place.port} check port ${place.restPort}`).join('\n')}
`;
  return `global
  maxconn 500
defaults
  mode tcp
  timeout connect 2s
  timeout client 30m
  timeout server 30m
  timeout check 2s
${listen('primary', primary, '/primary')}${listen('standbys', standbys, '/replica')}`;
}

async function versionsOf(programs: Programs, bin: string, endpoints: Endpoints): Promise<string> {
  const proxy =
    endpoints === 'direct'
      ? []
      : endpoints === 'haproxy'
        ? [`HAProxy ${await versionOf(programs, 'haproxy', '-v')}`]
        : [`PgBouncer ${await versionOf(programs, 'pgbouncer')}`];
  return [
    `Patroni ${await versionOf(programs, 'patroni')}`,
    `etcd ${await versionOf(programs, 'etcd')}`,
    `PostgreSQL ${await versionOf(programs, join(bin, 'postgres'))}`,
    ...proxy,
  ].join(', ');
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}
