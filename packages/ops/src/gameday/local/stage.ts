import { randomBytes } from 'node:crypto';
import { isRegionKitError } from '@regionkit/core';
import type { Lab, LatencyDns } from '@regionkit/lab';
import { OpsError } from '../../errors.ts';
import type { Random } from '../random.ts';
import { createDrillApp, type MakeDrillApp, SCHEMA } from './drill-app.ts';
import type { Modules } from './modules.ts';
import { DNS, perRegion, REGIONS, type RegionName, ROUND_TRIP_MS, type ServerName, TWIN } from './names.ts';
import { createRegionApp, othersThan, type RegionApp } from './region-app.ts';
import type { Addresses } from './served.ts';
import { createWire, type Wire } from './wire.ts';

/** Everything a drill is played on: servers, an app in each region, and the DNS in front of the apps. */
export interface Stage {
  readonly lab: Lab<ServerName>;
  readonly dns: LatencyDns<RegionName>;
  readonly apps: Readonly<Record<RegionName, RegionApp>>;
  /** Where a new connection of a client in this place goes, as its cached DNS answer says. */
  urlFor(place: RegionName): string;
  /** Cuts a region off from the others, its app and its database, or ends that. Its own clients reach it. */
  isolate(region: RegionName, isIsolated: boolean): Promise<void>;
  /** The endpoint of the primary's region leads new connections to this server. Needs `twin`. */
  moveEndpoint(to: ServerName): void;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly addresses: Addresses;
  readonly random: Random;
  /** By how much resolvers use an expired answer longer, at most, on the clock of the DNS. */
  readonly dnsSlackMs: number;
  /** Whether the region of the primary has a second server, and an endpoint in front of both. */
  readonly twin: boolean;
  readonly status: () => unknown;
  /** The app. A test gives a wrong one. */
  readonly make?: MakeDrillApp;
  readonly tell: (text: string) => void;
}

/** What the user must mend before a lab can start. */
const SETUP: ReadonlySet<string> = new Set([
  'ERR_LAB_PLATFORM',
  'ERR_LAB_NO_POSTGRES',
  'ERR_LAB_ACCOUNT',
  'ERR_LAB_DIRECTORY',
]);

/** @throws {OpsError} `ERR_OPS_USAGE`: this machine cannot run a lab. Nothing is left behind, whatever is thrown. */
export async function createStage(modules: Modules, options: StageOptions): Promise<Stage> {
  const { addresses, random, dnsSlackMs, twin, status, make = createDrillApp, tell } = options;
  const { ports, operatorToken } = addresses;
  const opened: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  try {
    const lab: Lab<ServerName> = await modules.createLab<ServerName>({
      regions: twin ? [...REGIONS, TWIN] : [...REGIONS],
      roundTripMs: roundTrips(twin),
      // A cut is noticed soon.
      settings: { wal_receiver_timeout: '2s' },
      onProgress: tell,
    });
    opened.push(() => lab.close());
    await lab.primary.query(SCHEMA);
    await lab.caughtUp();

    const databasePort = (server: ServerName, from: RegionName): number =>
      Number(new URL(lab.region(server).connectionStringFrom(from)).port);
    const endpoints = new Map<RegionName, Wire>();
    if (twin) {
      for (const from of REGIONS) {
        const endpoint = await createWire(modules, databasePort(REGIONS[0], from));
        opened.push(() => endpoint.close());
        await endpoint.up(true);
        endpoints.set(from, endpoint);
      }
    }
    const database = (server: RegionName, from: RegionName): string => {
      const url = new URL(lab.region(server).connectionStringFrom(from));
      const endpoint = server === REGIONS[0] ? endpoints.get(from) : undefined;
      if (endpoint !== undefined) url.port = String(endpoint.port);
      return url.href;
    };

    const secret = randomBytes(32).toString('base64url');
    const wires = new Map<string, Wire>();
    const wire = (from: RegionName, to: RegionName): Wire => wires.get(`${from} ${to}`) as Wire;
    const wiresTo = (to: RegionName): readonly Wire[] => REGIONS.map((from) => wire(from, to));
    const origins = perRegion((): Record<RegionName, string> => perRegion(() => ''));
    const apps = perRegion((region) =>
      createRegionApp(modules, {
        make,
        region,
        port: ports[region],
        origins: origins[region],
        databases: perRegion((server) => database(server, region)),
        wires: () => wiresTo(region),
        secret,
        operatorToken,
        status,
      }),
    );
    for (const from of REGIONS) {
      for (const to of REGIONS) {
        const made = await createWire(modules, ports[to]);
        opened.push(() => made.close());
        wires.set(`${from} ${to}`, made);
        origins[from][to] = `http://127.0.0.1:${made.port}`;
      }
    }
    opened.push(() => Promise.all(REGIONS.map((region) => apps[region].kill())));
    tell('starting three apps');
    await Promise.all(REGIONS.map((region) => apps[region].start()));

    const dns = modules.createLatencyDns({
      ...DNS,
      endpoints: perRegion((name) => `http://127.0.0.1:${ports[name]}/health`),
      roundTripMs: roundTrips(false),
      slackMs: dnsSlackMs,
      random,
    });
    opened.push(() => dns.close());
    const resolvers = perRegion((place) => dns.resolver(place));
    return {
      lab,
      dns,
      apps,
      urlFor: (place) => `http://127.0.0.1:${ports[resolvers[place].resolve()]}`,
      isolate: async (region, isIsolated) => {
        for (const other of othersThan(region)) {
          wire(region, other).cut(isIsolated);
          wire(other, region).cut(isIsolated);
        }
        await (isIsolated ? lab.region(region).partition() : lab.region(region).heal());
      },
      moveEndpoint: (to) => {
        for (const [from, endpoint] of endpoints) endpoint.lead(databasePort(to, from));
      },
      close,
    };
  } catch (error) {
    await close();
    if (isRegionKitError(error) && SETUP.has(error.code))
      throw new OpsError('ERR_OPS_USAGE', `--local: ${error.message}`);
    throw error;
  }
}

function roundTrips(twin: boolean): Partial<Record<ServerName, Partial<Record<ServerName, number>>>> {
  const { [TWIN]: ofTwin, ...others } = ROUND_TRIP_MS;
  return twin ? { ...others, [TWIN]: ofTwin } : others;
}
