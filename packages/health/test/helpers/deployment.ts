import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter, type RegionRouterOptions } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import type { Lab } from '@regionkit/lab';
import { createHealth, type Health } from '../../src/index.ts';
import { IMPATIENT, SECRET } from './fixtures.ts';

/** A process of an app: its own router, health, gate and port. It reaches the database of its own region alone. */
export interface Process<Name extends string> {
  readonly name: Name;
  readonly port: number;
  readonly startedAtMs: number;
  readonly router: RegionRouter<Name>;
  readonly health: Health<Name>;
  /** What a path answers when this process is asked itself. */
  status(path: string, method?: 'GET' | 'POST'): Promise<number>;
  stop(): Promise<void>;
}

/** Regions of several processes, each behind a balancer of connections that leaves out what is not ready. */
export class Deployment<Name extends string> {
  readonly names: readonly Name[];
  readonly #lab: Lab<Name>;
  readonly #processes: Process<Name>[] = [];
  /** The way from each region to each. */
  readonly #ways = new Map<string, net.Server>();
  readonly #sockets = new Map<string, Set<net.Socket>>();
  #isolated: Name | undefined;

  constructor(lab: Lab<Name>, names: readonly Name[]) {
    this.#lab = lab;
    this.names = names;
  }

  of(name: Name): readonly Process<Name>[] {
    return this.#processes.filter((process) => process.name === name);
  }

  async open(): Promise<void> {
    for (const from of this.names) for (const to of this.names) await this.#openWay(from, to);
  }

  async #openWay(from: Name, to: Name): Promise<void> {
    let turn = 0;
    const sockets = new Set<net.Socket>();
    const way = net.createServer((client) => {
      const ready = this.of(to).filter(({ health }) => health.verdict().phase === 'up');
      turn += 1;
      const target = ready[turn % Math.max(1, ready.length)];
      if (target === undefined || this.#isCut(from, to)) return client.destroy();
      const server = net.connect(target.port, '127.0.0.1');
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
    this.#ways.set(`${from} ${to}`, way);
    this.#sockets.set(`${from} ${to}`, sockets);
  }

  #isCut(from: Name, to: Name): boolean {
    return from !== to && (from === this.#isolated || to === this.#isolated);
  }

  /** Cuts a region off from all others, its apps and its database. */
  async isolate(name: Name): Promise<void> {
    this.#isolated = name;
    for (const from of this.names)
      for (const to of this.names)
        if (this.#isCut(from, to)) for (const socket of this.#sockets.get(`${from} ${to}`) ?? []) socket.destroy();
    await this.#lab.region(name).partition();
  }

  async heal(): Promise<void> {
    const name = this.#isolated;
    this.#isolated = undefined;
    if (name !== undefined) await this.#lab.region(name).heal();
  }

  async start(name: Name, options: Partial<RegionRouterOptions<Name>> = {}): Promise<Process<Name>> {
    const startedAtMs = performance.now();
    const origin = (to: Name): string => {
      const way = this.#ways.get(`${name} ${to}`) as net.Server;
      const { port } = way.address() as AddressInfo;
      return `http://127.0.0.1:${port}`;
    };
    const all = Object.fromEntries(this.names.map((to) => [to, { origin: origin(to) }])) as Record<
      Name,
      { origin: string }
    >;
    const regions = defineRegions<Name, string>({ self: name, all, development: true });
    const peers = {
      ...IMPATIENT.peers,
      intervalMs: 400,
      urgentIntervalMs: 150,
      timeoutMs: 2_000,
      unknownAfterMs: 4_000,
    };
    const health = createHealth({ regions, ...IMPATIENT, peers });
    const pool = this.#lab.region(name).pool({ max: 3 });
    const router = createRegionRouter<Name>({
      regions,
      pools: { [name]: pool } as never,
      writes: 'forward',
      token: { secret: SECRET },
      view: health.view,
      // A pause of the machine must not look like a refusal.
      hold: { timeoutMs: 20_000 },
      probe: { intervalMs: 500, alertIntervalMs: 100, timeoutMs: 2_000 },
      ...options,
    });
    health.follow(router);
    health.check('app', () => {});
    const gate = createWriteGate({ router, view: health.view, forward: { secret: SECRET } });
    const write = gate.node(async (_request, response) => {
      try {
        await router.write(`INSERT INTO note VALUES ('${name}')`);
        response.statusCode = 201;
      } catch {
        response.statusCode = 503;
      }
      response.end();
    });
    const server = http.createServer(health.node(write as never) as never);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const process: Process<Name> = {
      name,
      port,
      startedAtMs,
      router,
      health,
      status: async (path, method = 'GET') => {
        const { status, body } = await fetch(`http://127.0.0.1:${port}${path}`, { method });
        await body?.cancel();
        return status;
      },
      stop: async () => {
        if (!this.#processes.includes(process)) return;
        this.#processes.splice(this.#processes.indexOf(process), 1);
        await router.close({ pools: true });
        await health.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
    this.#processes.push(process);
    return process;
  }

  /** Ends every process of a region. */
  async end(name: Name): Promise<void> {
    for (const process of this.of(name)) await process.stop();
  }

  async close(): Promise<void> {
    for (const process of [...this.#processes]) await process.stop();
    for (const sockets of this.#sockets.values()) for (const socket of sockets) socket.destroy();
    for (const way of this.#ways.values()) way.close();
    await this.heal();
  }
}
