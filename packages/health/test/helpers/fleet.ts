import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter, type RouterEvents } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import type { Lab } from '@regionkit/lab';
import { onTestFinished } from 'vitest';
import { createHealth, type Health } from '../../src/index.ts';
import { SECRET } from './fixtures.ts';

/** One process of an app, with a port of its own. */
export interface FleetProcess<Name extends string> {
  readonly name: Name;
  readonly router: RegionRouter<Name>;
  readonly health: Health<Name>;
  readonly paused: readonly RouterEvents['writes-paused'][];
  readonly resumed: readonly RouterEvents['writes-resumed'][];
  /** Ends it without a word to the others. */
  stop(): Promise<void>;
}

/** Several processes a region, behind a balancer of connections for each. */
export interface Fleet<Name extends string> {
  readonly processes: readonly FleetProcess<Name>[];
  readonly origin: (region: Name) => string;
  start(region: Name): Promise<FleetProcess<Name>>;
}

// A busy machine answers late. A question that is given up counts as asked.
const PEERS = {
  intervalMs: 1_000,
  urgentIntervalMs: 50,
  timeoutMs: 20_000,
  unknownAfterMs: 25_000,
  downAfterMs: 30_000,
};

/** A request of the app: what it does with the router of its process. */
export type Work = (router: RegionRouter<string>, path: string, region: string) => Promise<void>;

/**
 * @param reach the databases that a process has pools for
 * @param open what the balancer of a region waits for before it connects
 */
export async function startFleet<Name extends string>(
  lab: Lab<Name>,
  {
    work,
    reach = (own) => [own],
    deadlineMs = 30_000,
    open = async () => {},
  }: {
    readonly work: Work;
    readonly reach?: (own: Name) => readonly Name[];
    readonly deadlineMs?: number;
    readonly open?: (region: Name) => Promise<void>;
  },
): Promise<Fleet<Name>> {
  const processes: (FleetProcess<Name> & { readonly port: number })[] = [];
  const names = lab.regions.map(({ name }) => name);
  const origins = {} as Record<Name, { origin: string }>;
  for (const name of names) {
    let turn = 0;
    const balancer = net.createServer(async (client) => {
      client.on('error', () => client.destroy());
      await open(name);
      const own = processes.filter((process) => process.name === name);
      turn += 1;
      const to = own[turn % Math.max(1, own.length)];
      if (to === undefined) return client.destroy();
      const server = net.connect(to.port, '127.0.0.1');
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void balancer.close());
    origins[name] = { origin: `http://127.0.0.1:${(balancer.address() as AddressInfo).port}` };
  }

  const start = async (self: Name): Promise<FleetProcess<Name>> => {
    const regions = defineRegions<Name, string>({ self, all: origins, development: true });
    const health = createHealth({ regions, peers: { secret: SECRET, ...PEERS } });
    const router = createRegionRouter<Name>({
      regions,
      pools: Object.fromEntries(reach(self).map((name) => [name, lab.region(name).pool({ max: 5 })])) as never,
      writes: 'forward',
      view: health.view,
      probe: { intervalMs: 500, alertIntervalMs: 50, timeoutMs: 1_000 },
    });
    health.follow(router);
    const gate = createWriteGate({ router, view: health.view, forward: { secret: SECRET, deadlineMs } });
    const handler = gate.node(async (request, response) => {
      const { url = '/' } = request;
      try {
        await work(router as never, url, self);
        response.statusCode = 201;
      } catch (error) {
        response.statusCode = (error as { status?: number }).status ?? 500;
        response.setHeader('x-code', String((error as { code?: string }).code ?? error).slice(0, 80));
      }
      response.end();
    });
    const server = http.createServer(health.node(handler as never) as never);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const paused: RouterEvents['writes-paused'][] = [];
    const resumed: RouterEvents['writes-resumed'][] = [];
    router.on('writes-paused', (event) => paused.push(event));
    router.on('writes-resumed', (event) => resumed.push(event));
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      processes.splice(processes.indexOf(process), 1);
      await gate.close();
      await router.close({ pools: true });
      await health.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const process = {
      name: self,
      port: (server.address() as AddressInfo).port,
      router,
      health,
      paused,
      resumed,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
    processes.push(process);
    onTestFinished(process.stop);
    return process;
  };
  return { processes, start, origin: (region) => origins[region].origin };
}
