import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { type EpochFile, epochFile } from '@regionkit/db-router/epoch-stores';
import { createWriteGate } from '@regionkit/db-router/http';
import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createHealth, type Health } from '../src/index.ts';
import { IMPATIENT, SECRET } from './helpers/fixtures.ts';

type Name = 'us' | 'eu' | 'ap';
const WAIT = { timeout: 60_000, interval: 25 };

/** A process of an app: its own router, health, gate and port. It reaches the database of its own region alone. */
interface Process {
  readonly name: Name;
  readonly port: number;
  readonly router: RegionRouter<Name>;
  readonly health: Health<Name>;
  /** What a path answers when this process is asked itself. */
  status(path: string, method?: 'GET' | 'POST'): Promise<number>;
  stop(): Promise<void>;
}

/** Regions of several processes, each behind a balancer of connections that leaves out what is not ready. */
class Deployment {
  readonly names: readonly Name[];
  readonly #processes: Process[] = [];
  readonly #balancers = new Map<Name, net.Server>();

  constructor(names: readonly Name[]) {
    this.names = names;
  }

  of(name: Name): readonly Process[] {
    return this.#processes.filter((process) => process.name === name);
  }

  async open(): Promise<void> {
    for (const name of this.names) {
      let turn = 0;
      const balancer = net.createServer((client) => {
        const ready = this.of(name).filter(({ health }) => health.verdict().phase === 'up');
        turn += 1;
        const to = ready[turn % Math.max(1, ready.length)];
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
      this.#balancers.set(name, balancer);
    }
  }

  async start(name: Name, epoch?: EpochFile): Promise<Process> {
    const all = Object.fromEntries(
      [...this.#balancers].map(([region, balancer]) => [
        region,
        { origin: `http://127.0.0.1:${(balancer.address() as AddressInfo).port}` },
      ]),
    ) as Record<Name, { origin: string }>;
    const regions = defineRegions<Name, string>({ self: name, all, development: true });
    const health = createHealth({
      regions,
      ...IMPATIENT,
    });
    const pool = lab.region(name).pool({ max: 3 });
    const router = createRegionRouter({
      regions,
      pools: { [name]: pool },
      writes: 'forward',
      view: health.view,
      ...(epoch !== undefined && { epoch }),
      maxViewAgeMs: 5_000,
      hold: { timeoutMs: 300 },
      probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 1_000 },
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
    const process: Process = {
      name,
      port,
      router,
      health,
      status: async (path, method = 'GET') => {
        const { status, body } = await fetch(`http://127.0.0.1:${port}${path}`, { method });
        await body?.cancel();
        return status;
      },
      stop: async () => {
        this.#processes.splice(this.#processes.indexOf(process), 1);
        await router.close({ pools: true });
        await epoch?.close();
        await health.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
    this.#processes.push(process);
    return process;
  }

  async close(): Promise<void> {
    for (const process of [...this.#processes]) await process.stop();
    for (const balancer of this.#balancers.values()) balancer.close();
  }
}

let lab: Lab<Name>;
let deployment: Deployment;
beforeAll(async () => {
  lab = await createLab<Name>({ regions: ['us', 'eu', 'ap'], monitor: true });
  await lab.primary.query('CREATE TABLE note (text text NOT NULL)');
  await lab.caughtUp();
});
afterAll(() => lab.close());
afterEach(() => deployment.close());

const readyz = (process: Process) => process.status('/readyz');
const write = (process: Process) => process.status('/', 'POST');

/** All regions up with so many processes each, all of which write; then one region goes, its processes with it. */
async function regionsWithout(lost: Name, names: readonly Name[], count: number): Promise<void> {
  deployment = new Deployment(names);
  await deployment.open();
  for (const name of names) for (let each = 0; each < count; each += 1) await deployment.start(name);
  for (const name of names)
    for (const process of deployment.of(name)) await expect.poll(() => write(process), WAIT).toBe(201);
  for (const process of [...deployment.of(lost)]) await process.stop();
}

/** Each process is replaced by a new one that is ready before the old one stops. */
async function deploy(name: Name): Promise<void> {
  for (const old of [...deployment.of(name)]) {
    const process = await deployment.start(name);
    await expect.poll(() => readyz(process), WAIT).toBe(200);
    expect(await write(process)).toBe(201);
    await old.stop();
  }
}

describe.each([
  { names: ['us', 'eu'], lost: 'eu', count: 1 },
  { names: ['us', 'eu'], lost: 'eu', count: 3 },
  { names: ['us', 'eu', 'ap'], lost: 'ap', count: 1 },
  { names: ['us', 'eu', 'ap'], lost: 'ap', count: 3 },
] as const)('$names with $count processes each, $lost down', ({ names, lost, count }) => {
  test('a deploy, twice, and a scale-up in every region that is left: each new process writes as soon as it is ready', async () => {
    await regionsWithout(lost, names, count);
    for (const name of names.filter((each) => each !== lost)) {
      await deploy(name);
      await deploy(name);
      const added = await deployment.start(name);
      await expect.poll(() => readyz(added), WAIT).toBe(200);
      for (const process of deployment.of(name)) expect(await write(process)).toBe(201);
    }
  });
});

describe('one process in each region, that ends before the next one starts', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'survivors-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  /** As `epochFile()` is used: a store of its own in each process, and one file for one after the other. */
  const ownFile = (): EpochFile => epochFile(path.join(folder, 'us.json'), { fastestFailoverMs: 60_000 });

  async function usAlone(epoch?: EpochFile): Promise<Process> {
    deployment = new Deployment(['us', 'eu']);
    await deployment.open();
    const eu = await deployment.start('eu');
    const us = await deployment.start('us', epoch);
    for (const process of [us, eu]) await expect.poll(() => write(process), WAIT).toBe(201);
    await eu.stop();
    return us;
  }

  test('with a file, it takes writes as soon as it is ready, again and again', async () => {
    let process = await usAlone(ownFile());
    for (let restart = 0; restart < 3; restart += 1) {
      await process.stop();
      process = await deployment.start('us', ownFile());
      await expect.poll(() => write(process), WAIT).toBe(201);
      expect(await readyz(process)).toBe(200);
    }
  });

  test('without one, it takes none', async () => {
    await (await usAlone()).stop();
    const process = await deployment.start('us');
    await expect.poll(() => process.router.topology().state, WAIT).toBe('unconfirmed');
    expect(await write(process)).toBe(503);
  });
});
