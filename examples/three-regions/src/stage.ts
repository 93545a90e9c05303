import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { on, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createLab,
  createLatencyDns,
  type Lab,
  type LatencyDns,
  type ReservedPorts,
  reservePorts,
} from '@regionkit/lab';
import { type ConsolePage, openConsolePage } from './console-page.ts';
import { DNS } from './dns.ts';
import { createEdge, type Edge } from './edge.ts';
import { GLOBAL_HOST, PLACE, REGIONS, type RegionName, roundTrips } from './names.ts';
import type { PauseAnswer, PauseOrder } from './pause-order.ts';
import { createSecretStore, type RotationStep, type SecretTaken } from './secret-store.ts';
import { environmentOf, type Release, type Settings } from './settings.ts';

/** Everything the story is played on: databases, one process of the app a region, and the DNS in front of them. */
export interface Stage {
  readonly lab: Lab<RegionName>;
  readonly dns: LatencyDns<RegionName>;
  readonly rotation: readonly RotationStep[];
  /** Writes the secrets of a step and resolves when the app of every region has taken them. */
  rotate(step: RotationStep): Promise<void>;
  /** The global URL as a client in `place` meets it. */
  url(place: RegionName): string;
  /** The process of each region's app, and where DNS leads the clients of `place`: what no write may depend on. */
  wiring(place: RegionName): string;
  /** Where only the app of a region answers. */
  origin(region: RegionName): string;
  /** Starts the app of a region and resolves when it listens. Without `release` it is the demo's version. */
  startApp(region: RegionName, release?: Release): Promise<void>;
  /** Starts a second process beside the app of a region, and ends it when it listens. Rejects if it does not start. */
  tryApp(region: RegionName, release: Release): Promise<void>;
  /** SIGKILL: nothing is closed, and no other process is informed. */
  killApp(region: RegionName): Promise<void>;
  /** SIGTERM; resolves with the exit status once the process has left on its own. */
  drainApp(region: RegionName): Promise<number | null>;
  /** Pauses the writes of all regions by the process of this one. Resolves when nothing is under way any more. */
  pauseWrites(region: RegionName): Promise<PauseAnswer>;
  /** Serves the console on this machine. It ends with the stage. */
  openConsole(): Promise<ConsolePage>;
  close(): Promise<void>;
}

const SCHEMA = `create table orders (
  id bigserial primary key, ref uuid not null, customer text not null, item text not null,
  placed_in text not null, placed_at timestamptz not null default now());
  create index on orders (customer, id);`;

/** @throws {Error} something could not start; nothing is left behind. */
export async function setStage(tell: (line: string) => void, release?: Release): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-demo-'));
  const apps = new Map<RegionName, ChildProcess>();
  /** Everything that was started, also what has not yet listened. */
  const started = new Set<ChildProcess>();
  let lab: Lab<RegionName> | undefined;
  let reserved: ReservedPorts | undefined;
  let dns: LatencyDns<RegionName> | undefined;
  let edge: Edge<RegionName> | undefined;
  let consolePage: ConsolePage | undefined;
  const operatorToken = randomBytes(32).toString('base64url');

  const close = async (): Promise<void> => {
    consolePage?.close();
    await Promise.all([...started].map(end));
    await dns?.close();
    await edge?.close();
    await lab?.close();
    reserved?.release();
    await rm(directory, { recursive: true, force: true });
  };

  try {
    const began = performance.now();
    const secrets = await createSecretStore(directory);
    const theLab = await createLab({ regions: REGIONS, roundTripMs: roundTrips(), onProgress: () => {} });
    lab = theLab;
    tell(
      `three PostgreSQL regions, two of them streaming from ${PLACE['us-east-1']}: ${seconds(performance.now() - began)}`,
    );
    await theLab.primary.query(SCHEMA);
    await theLab.caughtUp();

    const own = await reservePorts(REGIONS.length);
    reserved = own;
    const ports = perRegion((name) => own.ports[REGIONS.indexOf(name)] as number);
    const launch = async (region: RegionName, port: number, release?: Release): Promise<ChildProcess> => {
      const databases = perRegion((name) => theLab.region(name).connectionStringFrom(region));
      const settings: Settings = {
        region,
        ports: { ...ports, [region]: port },
        databases,
        secretsDir: secrets.directory,
        operatorToken,
        ...(release !== undefined && { release }),
      };
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', '-C', '@regionkit/source', fileURLToPath(new URL('region-process.ts', import.meta.url))],
        {
          env: {
            ...process.env,
            ...environmentOf(settings),
          },
          stdio: ['ignore', 'inherit', release === undefined ? 'inherit' : 'ignore', 'ipc'],
        },
      );
      const left = once(child, 'exit').then(([status]) => {
        throw new Error(`the app of ${region} ended with status ${status} before it listened`);
      });
      left.catch(() => {});
      started.add(child);
      await Promise.race([once(child, 'message'), left]).catch(async (error: unknown) => {
        await end(child);
        throw error;
      });
      return child;
    };
    const startApp = async (region: RegionName, release?: Release): Promise<void> => {
      apps.set(region, await launch(region, ports[region], release));
    };
    const startedAt = performance.now();
    await Promise.all(REGIONS.map((region) => startApp(region, release)));
    tell(`three processes of an Express app, one in each region: ${seconds(performance.now() - startedAt)}`);
    const theDns = createLatencyDns({
      ...DNS,
      endpoints: perRegion((name) => `http://127.0.0.1:${ports[name]}/health`),
      roundTripMs: roundTrips(),
    });
    dns = theDns;
    const theEdge = await createEdge({ dns: theDns, portOf: (region) => ports[region] });
    edge = theEdge;

    return {
      lab: theLab,
      dns: theDns,
      rotation: secrets.rotation,
      rotate: async (step) => {
        const taken = [...apps.values()].map((app) => hasTaken(app, step.writes));
        await Promise.all([step.apply(), ...taken]);
      },
      wiring: (place) => JSON.stringify([[...apps].map(([region, { pid }]) => [region, pid]), theDns.answer(place)]),
      url: (place) => `http://${GLOBAL_HOST}:${theEdge.port(place)}`,
      origin: (region) => `http://127.0.0.1:${ports[region]}`,
      startApp,
      tryApp: async (region, version) => {
        using tried = await reservePorts(1);
        await end(await launch(region, tried.ports[0] as number, version));
      },
      killApp: async (region) => {
        const app = apps.get(region);
        if (app !== undefined) await end(app);
        apps.delete(region);
      },
      pauseWrites: async (region) => {
        const app = apps.get(region);
        if (app === undefined) throw new Error(`the app of ${region} does not run`);
        app.send({ pauseWrites: perRegion(() => 1) } satisfies PauseOrder);
        for await (const [message] of on(app, 'message') as AsyncIterable<[PauseAnswer | SecretTaken]>) {
          if ('drained' in message) return message;
        }
        throw new Error(`the app of ${region} ended`);
      },
      drainApp: async (region) => {
        const app = apps.get(region);
        if (app === undefined) throw new Error(`the app of ${region} does not run`);
        apps.delete(region);
        const exit = once(app, 'exit');
        app.kill('SIGTERM');
        const [status] = (await exit) as [number | null];
        return status;
      },
      openConsole: async () => {
        consolePage ??= await openConsolePage(ports, operatorToken);
        return consolePage;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Resolves when a process has told that it took each of these secrets. */
async function hasTaken(app: ChildProcess, secrets: RotationStep['writes']): Promise<void> {
  const missing = new Set<string>(secrets);
  for await (const [message] of on(app, 'message') as AsyncIterable<[SecretTaken]>) {
    missing.delete(message.taken);
    if (missing.size === 0) return;
  }
}

async function end(app: ChildProcess): Promise<void> {
  if (app.exitCode !== null || app.signalCode !== null) return;
  const exit = once(app, 'exit');
  app.kill('SIGKILL');
  await exit;
}

function perRegion<T>(make: (name: RegionName) => T): Record<RegionName, T> {
  return Object.fromEntries(REGIONS.map((name) => [name, make(name)])) as Record<RegionName, T>;
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
