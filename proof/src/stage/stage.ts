import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ledgerSql } from '@regionkit/db-router/ledger';
import { createLab, type Lab, type ReservedPorts, reservePorts } from '@regionkit/lab';
import { SCHEMA } from '../app/schema.ts';
import type { Deployment } from '../history/entries.ts';
import type { Mutation } from '../mutants/mutation.ts';
import { perRegion, REGIONS, type Region, ROUND_TRIP_MS } from '../regions.ts';
import { type AppProcess, type AppProcessOptions, createAppProcess } from './app-process.ts';
import { type Balancer, createBalancer } from './balancer.ts';
import { createEndpoint, type Endpoint } from './endpoint.ts';
import { createWire, type Wire } from './wire.ts';

/** Everything a run is played on: databases, the app's processes in each region, and the ways between all of them. */
export interface Stage {
  readonly lab: Lab<Region>;
  /** The first process of the app in each region: what befalls an app befalls it. */
  readonly apps: Readonly<Record<Region, AppProcess>>;
  /** All of them, by region. */
  readonly processes: Readonly<Record<Region, readonly AppProcess[]>>;
  /** Tokens of another environment, which clients may bring as well. */
  readonly strays: readonly string[];
  /** Where clients reach the app of a region. */
  readonly ports: Readonly<Record<Region, number>>;
  /** The way from one region's app to another's. */
  wire(from: Region, to: Region): Wire;
  /** The name for the primary leads to this region's database from now on, everywhere. */
  lead(to: Region): void;
  /** The region that an origin leads to, for every region that uses it. */
  regionAt(location: string): Region | undefined;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly deployment: Deployment;
  readonly mutation?: Mutation | undefined;
  /** Whether apps can be asked how they are. @default false */
  readonly probed?: boolean;
  /** Where the logs of the apps and the servers go. */
  readonly directory: string;
  readonly onEvent: (region: Region, name: string, payload: unknown) => void;
  readonly onStall?: (region: Region, ms: number) => void;
  readonly onExit: (region: Region, why: string) => void;
}

const ENVIRONMENT = 'proof';
/** As the README of the router has it. */
const READ_HISTORY = 'GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO app';
const SECRET = 'a secret that all three regions of the proof share';

/** @throws {Error} something could not start; nothing is left behind. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { deployment, mutation, probed = false, directory, onEvent, onStall = () => {}, onExit } = options;
  const places = Array.from({ length: deployment.processes ?? 1 }, (_, place) => place);
  const scratch = await mkdtemp(join(tmpdir(), 'regionkit-proof-'));
  const wires = new Map<string, Wire>();
  const endpoints = new Map<Region, Endpoint>();
  const balancers: Balancer[] = [];
  const started: AppProcess[] = [];
  let lab: Lab<Region> | undefined;
  let reserved: ReservedPorts | undefined;

  const close = async (): Promise<void> => {
    await Promise.all(started.map((app) => app.kill().catch(() => {})));
    for (const wire of wires.values()) wire.close();
    for (const endpoint of endpoints.values()) endpoint.close();
    for (const balancer of balancers) balancer.close();
    await lab?.close();
    reserved?.release();
    await rm(scratch, { recursive: true, force: true });
  };

  try {
    const made = await createLab({
      regions: REGIONS,
      roundTripMs: ROUND_TRIP_MS,
      logDir: directory,
      onProgress: () => {},
    });
    lab = made;
    await made.primary.query(SCHEMA);
    await made.primary.query(ledgerSql({ role: 'app' }));
    if (deployment.readsHistory === true) await made.primary.query(READ_HISTORY);
    await made.caughtUp();
    reserved = await reservePorts(REGIONS.length * (REGIONS.length + 2 + places.length));
    const free = [...reserved.ports];
    const ports = perRegion(() => free.pop() as number);
    // One process alone is reached without a balancer.
    const processPorts = perRegion((region) =>
      places.length === 1 ? [ports[region]] : places.map(() => free.pop() as number),
    );
    if (places.length > 1) {
      for (const region of REGIONS) {
        const balancer = createBalancer(ports[region], processPorts[region]);
        await balancer.open();
        balancers.push(balancer);
      }
    }
    for (const from of REGIONS) {
      for (const to of REGIONS) wires.set(`${from} ${to}`, createWire(free.pop() as number, ports[to]));
    }
    const wire = (from: Region, to: Region): Wire => wires.get(`${from} ${to}`) as Wire;
    const databasePort = (to: Region, from: Region): number =>
      Number(new URL(made.region(to).connectionStringFrom(from)).port);
    if (deployment.endpoint === true) {
      for (const region of REGIONS) {
        const endpoint = createEndpoint(free.pop() as number, databasePort(made.primary.name, region));
        await endpoint.open();
        endpoints.set(region, endpoint);
      }
    }
    const throughEndpoint = (region: Region): { readonly endpoint?: string } => {
      const endpoint = endpoints.get(region);
      if (endpoint === undefined) return {};
      const url = new URL(made.region(region).connectionString);
      url.port = String(endpoint.port);
      return { endpoint: url.href };
    };
    const makeApp = (region: Region, process: number, onListening: AppProcessOptions['onListening']): AppProcess =>
      createAppProcess({
        settings: {
          region,
          process,
          deployment,
          port: processPorts[region][process] as number,
          origins: perRegion((to) => `http://127.0.0.1:${wire(region, to).port}`),
          databases: perRegion((to) => made.region(to).connectionStringFrom(region)),
          ...throughEndpoint(region),
          // All regions share it: a store of one region would confirm a zombie.
          storeFile: join(scratch, 'epoch.json'),
          secret: SECRET,
          environment: ENVIRONMENT,
          probed,
        },
        mutation,
        logFile: join(directory, `app-${region}${process === 0 ? '' : `-${process}`}.log`),
        onEvent: (name, payload) => onEvent(region, name, payload),
        onStall: (ms) => onStall(region, ms),
        onExit: (why) => onExit(region, why),
        onListening,
      });
    const processes = perRegion((region) => {
      const listening = new Set<number>();
      return places.map((process) =>
        makeApp(region, process, async (isUp) => {
          if (isUp) listening.add(process);
          else listening.delete(process);
          await Promise.all(REGIONS.map((from) => wire(from, region).up(listening.size > 0)));
        }),
      );
    });
    const apps = perRegion((region) => processes[region][0] as AppProcess);
    started.push(...Object.values(processes).flat());
    await Promise.all(started.map((app) => app.start()));
    const strays = deployment.strays === true ? [await apps[made.primary.name].strayToken()] : [];
    const regionByPort = new Map(REGIONS.flatMap((from) => REGIONS.map((to) => [wire(from, to).port, to] as const)));
    return {
      lab: made,
      apps,
      processes,
      strays,
      ports,
      wire,
      lead: (to) => {
        for (const [from, endpoint] of endpoints) endpoint.lead(databasePort(to, from));
      },
      regionAt: (location) => (URL.canParse(location) ? regionByPort.get(Number(new URL(location).port)) : undefined),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
