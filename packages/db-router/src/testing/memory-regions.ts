import { check } from '@regionkit/core/kit';
import pg, { type Pool } from 'pg';
import { formatLsn } from '../history/lsn.ts';
import { createMemoryNode, followsClosely, type MemoryNode, positionOf, STEP } from './memory/node.ts';
import type { MemoryDb } from './memory/pg-mem.ts';
import type { MemoryCluster } from './memory/session.ts';
import { MemorySocket } from './memory/socket.ts';
import { createMemoryStore } from './memory/store.ts';

export interface MemoryRegionsOptions<Name extends string> {
  /** The database of pg-mem: `newDb()`. Create its tables before or later, directly or through a router. */
  readonly db: { readonly public: object; backup(): object };
  /** The names of the regions. Each has one server. */
  readonly regions: readonly Name[];
  /** The region that starts as the primary. @default the first */
  readonly primary?: NoInfer<Name>;
  /** How long a write waits while a transaction of another client writes, in milliseconds. @default 1_000 */
  readonly lockTimeoutMs?: number;
}

/** One server in memory, and its faults. The names are those of the lab. */
export interface MemoryRegion {
  readonly role: 'primary' | 'standby';
  readonly status: 'up' | 'down';
  /** How far it has written or replayed: `0/3000100`. */
  readonly position: string;
  /**
   * Kills the server. Its connections are reset, open transactions are undone, and new connections are refused.
   *
   * @example memory.region('us-east-1').kill();
   */
  kill(): void;
  /**
   * Starts it in its former role: also as a primary that was failed over, with the data and the timeline of that time.
   *
   * @example memory.region('us-east-1').start();
   */
  start(): void;
  /**
   * Makes it the primary, on the next timeline. The other standbys follow it. An old primary that is up stays one.
   *
   * @example memory.region('eu-west-1').promote();
   */
  promote(): void;
  /**
   * Deletes its data and makes it a standby of the newest primary.
   *
   * @example memory.region('us-east-1').rejoin();
   */
  rejoin(): void;
  /**
   * Its reads do not see newer data until `resumeReplay()`.
   *
   * @example memory.region('eu-west-1').pauseReplay();
   */
  pauseReplay(): void;
  /**
   * Its reads see everything again.
   *
   * @example memory.region('eu-west-1').resumeReplay();
   */
  resumeReplay(): void;
}

/** Regions in memory: a primary and standbys over one database of pg-mem. */
export interface MemoryRegions<Name extends string> {
  /** For `createRegionRouter({ pools })`. They are pools of node-postgres. */
  readonly pools: Readonly<Record<Name, Pool>>;
  /**
   * The server of a region.
   *
   * @throws {RangeError} There is no such region.
   * @example memory.region('eu-west-1').promote();
   */
  region(name: Name): MemoryRegion;
  /**
   * Ends the pools. Close the router first.
   *
   * @example await memory.close();
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a primary and standbys over one database of [pg-mem](https://github.com/oguimbal/pg-mem), without a server and
 * without a socket. The pools and the router are the real ones; the roles are set by the test. For the SQL of an app in
 * milliseconds. Recovery, real positions and timelines, and concurrent transactions need the lab.
 *
 * @example
 * ```ts
 * const memory = createMemoryRegions({ db: newDb(), regions: ['us-east-1', 'eu-west-1'] });
 * const router = createRegionRouter({ regions, pools: memory.pools, coldStart: 'trust' });
 * await router.write('CREATE TABLE orders (id int PRIMARY KEY)');
 * memory.region('us-east-1').kill();
 * memory.region('eu-west-1').promote();
 * ```
 */
export function createMemoryRegions<Name extends string>(options: MemoryRegionsOptions<Name>): MemoryRegions<Name> {
  const where = 'createMemoryRegions';
  check.object(`${where}: options`, options, ['db', 'regions', 'primary', 'lockTimeoutMs']);
  const { regions: names } = options;
  const db = check.object(`${where}: db`, options.db) as unknown as MemoryDb;
  if (typeof db.backup !== 'function') throw new TypeError(`${where}: db must be a database of pg-mem: newDb()`);
  if (!Array.isArray(names) || names.length === 0 || new Set(names).size !== names.length)
    throw new RangeError(`${where}: regions must be a list of different names`);
  const primary = check.oneOf(`${where}: primary`, options.primary ?? (names[0] as Name), names);
  const lockTimeoutMs = check.integer(`${where}: lockTimeoutMs`, options.lockTimeoutMs ?? 1_000, { min: 1 });

  const nodes = new Map<string, MemoryNode>(names.map((name, at) => [name, createMemoryNode(name, 5432 + at)]));
  let leader = nodes.get(primary) as MemoryNode;
  leader.isPrimary = true;
  for (const node of nodes.values()) if (node !== leader) node.upstream = leader;
  const store = createMemoryStore(db, leader.copy);
  const cluster: MemoryCluster = { db, store, nodes, lockTimeoutMs, running: undefined };
  registerFunctions(cluster);

  let processes = 0;
  const poolOf = (node: MemoryNode): Pool =>
    new pg.Pool({
      host: node.name,
      port: node.port,
      user: 'memory',
      database: 'memory',
      password: 'memory',
      ssl: false,
      stream: () => {
        processes += 1;
        return new MemorySocket(cluster, node, processes);
      },
    });
  const pools = Object.fromEntries(names.map((name) => [name, poolOf(nodes.get(name) as MemoryNode)])) as Record<
    Name,
    Pool
  >;

  const stay = (node: MemoryNode): void => {
    node.ownPosition = positionOf(node);
    store.detach(node.copy);
  };
  const follow = (node: MemoryNode): void => {
    node.isPrimary = false;
    node.upstream = leader;
    node.timeline = leader.timeline;
    node.fork = undefined;
    node.copy.kept = undefined;
  };
  const close = async (): Promise<void> => {
    await Promise.all(Object.values<Pool>(pools).map((pool) => (pool.ended ? undefined : pool.end())));
  };

  return {
    pools,
    region: (name) => {
      const node = nodes.get(name);
      if (node === undefined) throw new RangeError(`${where}: there is no region ${JSON.stringify(name)}`);
      return {
        get role() {
          return node.isPrimary ? 'primary' : 'standby';
        },
        get status() {
          return node.isUp ? 'up' : 'down';
        },
        get position() {
          return formatLsn(positionOf(node));
        },
        kill: () => {
          if (!node.isUp) return;
          node.isUp = false;
          for (const socket of node.sockets) socket.reset();
          if (!node.isPrimary) stay(node);
        },
        start: () => {
          if (node.isUp) return;
          node.isUp = true;
          node.starts += 1;
          node.fork = undefined;
          if (!node.isPrimary && !node.isPaused) follow(node);
        },
        promote: () => {
          if (node.isPrimary) return;
          if (!node.isUp) throw new RangeError(`${where}: ${name} is down`);
          const position = positionOf(node);
          store.lead(node.copy);
          node.isPrimary = true;
          node.isPaused = false;
          node.upstream = undefined;
          node.timeline = Math.max(...[...nodes.values()].map(({ timeline }) => timeline)) + 1;
          node.fork = position;
          node.ownPosition = position + STEP;
          leader = node;
          for (const other of nodes.values())
            if (!other.isPrimary && other.isUp && followsClosely(other)) follow(other);
        },
        rejoin: () => {
          if (node === leader) throw new RangeError(`${where}: ${name} is the newest primary`);
          for (const socket of node.sockets) socket.reset();
          node.isUp = true;
          node.isPaused = false;
          node.starts += 1;
          follow(node);
        },
        pauseReplay: () => {
          if (node.isPrimary || node.isPaused) return;
          stay(node);
          node.isPaused = true;
        },
        resumeReplay: () => {
          if (!node.isPaused) return;
          node.isPaused = false;
          if (node.isUp) follow(node);
        },
      };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** For the SQL of an app. */
function registerFunctions(cluster: MemoryCluster): void {
  const node = (): MemoryNode | undefined => cluster.running?.node;
  const lsn = (isPrimary: boolean) => (): string | null => {
    const asked = node();
    return asked === undefined || asked.isPrimary !== isPrimary ? null : formatLsn(positionOf(asked));
  };
  const functions = {
    pg_is_in_recovery: ['bool', () => node()?.isPrimary === false],
    pg_backend_pid: ['integer', () => cluster.running?.processId ?? 0],
    pg_current_wal_lsn: ['text', lsn(true)],
    pg_current_wal_insert_lsn: ['text', lsn(true)],
    pg_last_wal_replay_lsn: ['text', lsn(false)],
    pg_last_wal_receive_lsn: ['text', lsn(false)],
  } as const;
  for (const [name, [returns, implementation]] of Object.entries(functions))
    cluster.db.public.registerFunction(
      { name, args: [], returns: returns as never, impure: true, implementation },
      true,
    );
}
