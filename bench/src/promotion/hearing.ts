import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { createHealth, type Health } from '@regionkit/health';
import type { Lab } from '@regionkit/lab';

/** Three processes' worth of regionkit, each of which reaches the database of its own region alone. */
export interface Hearing<Name extends string> {
  /** The region's app dies with its region. */
  kill(region: Name): Promise<void>;
  /** All have noticed that there is no primary. */
  gone(): Promise<void>;
  /** When the app of `region` has found out that `primary` is the primary, holding as for a write. */
  knows(region: Name, primary: Name): Promise<number>;
  close(): Promise<void>;
}

interface Member {
  readonly server: Server;
  readonly health: Health;
  readonly router: RegionRouter;
}

const SECRET = 'a secret of the bench, 32 bytes long';
/** Quick to notice that a region says nothing any more; how often it is asked then is the default. */
const PEERS = { intervalMs: 500, unknownAfterMs: 1_600 };
const PATIENCE_MS = 20_000;
const AGAIN_MS = 5;

/** What they know of the other regions' databases comes from the documents their healths sign; ready when all know `primary`. */
export async function openHearing<Name extends string>(
  lab: Lab<Name>,
  names: readonly Name[],
  primary: Name,
): Promise<Hearing<Name>> {
  const handlers = new Map<Name, RequestListener>();
  const servers = await Promise.all(
    names.map(async (name) => {
      const server = createServer((request, response) => handlers.get(name)?.(request, response));
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return [name, server] as const;
    }),
  );
  const all = Object.fromEntries(
    servers.map(([name, server]) => [name, { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }]),
  );
  const members = new Map<Name, Member>();
  for (const [name, server] of servers) {
    const regions = defineRegions({ self: name as string, all, development: true });
    const health = createHealth({ regions, peers: { secret: SECRET, ...PEERS } });
    const router = createRegionRouter({
      regions,
      pools: { [name]: lab.region(name).pool({ max: 4 }) },
      writes: 'forward',
      hold: { timeoutMs: 30_000 },
      token: { secret: SECRET },
      view: health.view,
    });
    health.follow(router);
    handlers.set(
      name,
      health.node(((_request: unknown, response: { writeHead(status: number): { end(): void } }) =>
        response.writeHead(404).end()) as never) as RequestListener,
    );
    members.set(name, { server, health, router });
  }
  const member = (name: Name): Member => members.get(name) as Member;
  const close = async ({ server, health, router }: Member): Promise<void> => {
    await Promise.all([health.close(), router.close({ pools: true })]);
    server.closeAllConnections();
    server.close();
  };
  const allKnow = async (wanted: Name | undefined): Promise<void> => {
    const until = performance.now() + PATIENCE_MS;
    while ([...members.values()].some(({ router }) => router.gate.primaryNow()?.region !== wanted)) {
      if (performance.now() > until) throw new Error('the regions did not hear who is primary');
      await pause(AGAIN_MS);
    }
  };
  await allKnow(primary);
  return {
    gone: () => allKnow(undefined),
    kill: async (region) => {
      const dead = member(region);
      members.delete(region);
      await close(dead);
    },
    knows: async (region, wanted) => {
      const { router } = member(region);
      const { signal } = new AbortController();
      for (;;) {
        const found = await router.gate.locatePrimary({ signal }).catch(() => undefined);
        if (found?.region === wanted) return performance.now();
        await pause(AGAIN_MS);
      }
    },
    close: async () => {
      await Promise.all([...members.values()].map(close));
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
