import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Socket } from 'node:net';
import pg from 'pg';
import type { DrillApp, DrillAppOptions, MakeDrillApp } from './drill-app.ts';
import type { Modules } from './modules.ts';
import { perRegion, REGIONS, type RegionName } from './names.ts';
import type { Wire } from './wire.ts';

/** The app of one region. It can be killed and started again on the same port. */
export interface RegionApp {
  /** Undefined while it does not run. */
  readonly running: Pick<DrillApp, 'router' | 'health'> | undefined;
  start(): Promise<void>;
  /** Ends at once, as a killed process does: every connection is reset, and nothing is told to anybody. */
  kill(): Promise<void>;
}

export interface RegionAppOptions extends Omit<DrillAppOptions, 'pools'> {
  readonly make: MakeDrillApp;
  readonly port: number;
  readonly databases: Readonly<Record<RegionName, string>>;
  /** The ways from the apps of other regions to this one. */
  readonly wires: () => readonly Wire[];
}

const POOL = { max: 10, connectionTimeoutMillis: 2_000, keepAlive: true } as const;

export function createRegionApp(modules: Modules, options: RegionAppOptions): RegionApp {
  const { make, port, databases, wires } = options;
  let running:
    | {
        readonly app: DrillApp;
        readonly server: Server;
        readonly pools: readonly pg.Pool[];
        readonly sockets: ReadonlySet<Socket>;
      }
    | undefined;
  return {
    get running() {
      return running?.app;
    },
    start: async () => {
      const sockets = new Set<Socket>();
      const pools = perRegion((name) => createPool(databases[name], sockets));
      const app = make(modules, { ...options, pools });
      const server = createServer(app.listener);
      // A connection for each request: an idle one must not end under a request that is sent.
      server.keepAliveTimeout = 120_000;
      running = { app, server, pools: Object.values(pools), sockets };
      await app.router.ready();
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      await Promise.all(wires().map((wire) => wire.up(true)));
    },
    kill: async () => {
      if (running === undefined) return;
      const { app, server, pools, sockets } = running;
      running = undefined;
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await Promise.all(wires().map((wire) => wire.up(false)));
      await Promise.all([app.close(), ...pools.map((pool) => pool.end())]).catch(() => {});
    },
  };
}

function createPool(connectionString: string, sockets: Set<Socket>): pg.Pool {
  const pool = new pg.Pool({
    ...POOL,
    connectionString,
    stream: () => {
      const socket = new Socket();
      sockets.add(socket.once('close', () => sockets.delete(socket)));
      return socket;
    },
  });
  // The router sees the errors of its statements. An error of an idle connection affects no statement.
  pool.on('error', () => {});
  return pool;
}

export const othersThan = (region: RegionName): readonly RegionName[] => REGIONS.filter((name) => name !== region);
