import { createServer, type Server } from 'node:http';
import { createAffinity } from '@regionkit/affinity';
import { compose, defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { createHealth } from '@regionkit/health';
import { Pool } from 'pg';
import type { Knowledge } from '../history/entries.ts';
import { GLOBAL_HOST, perRegion, type Region } from '../regions.ts';
import { createEpochFile } from './epoch-file.ts';
import { createRoutes } from './routes.ts';
import type { AppSettings } from './settings.ts';

/** One region's app, put together as a user would, with every default a user would have unless a run must be short. */
export function createProofApp(settings: AppSettings): {
  readonly server: Server;
  readonly router: RegionRouter<Region>;
  readonly pools: Partial<Readonly<Record<Region, Pool>>>;
} {
  const { region: self, process, deployment, origins, databases, secret, environment } = settings;
  const regions = defineRegions({
    self,
    all: perRegion((name) => ({ origin: origins[name] })),
    hosts: [GLOBAL_HOST],
    development: true,
  });
  const poolTo = (connectionString: string): Pool =>
    new Pool({ connectionString, max: 10 / (deployment.processes ?? 1), connectionTimeoutMillis: 2_000 });
  const poolOf = (name: Region): Pool => poolTo(databases[name]);
  const pools: Partial<Record<Region, Pool>> =
    deployment.pools === 'all' ? perRegion(poolOf) : { [self]: poolOf(self) };
  // The database itself comes first: what tokens call a primary is then the same with and without a name for it.
  const named =
    settings.endpoint === undefined ? pools : { ...pools, [self]: [poolOf(self), poolTo(settings.endpoint)] };
  const health = createHealth({
    regions,
    peers: {
      secret,
      intervalMs: 500,
      urgentIntervalMs: 100,
      timeoutMs: 500,
      unknownAfterMs: 1_500,
      downAfterMs: 4_000,
    },
    defaults: { intervalMs: 250, timeoutMs: 500 },
  });
  const router: RegionRouter<Region> = createRegionRouter({
    regions,
    pools: named,
    writes: deployment.writes,
    token: { secret, environment },
    view: health.view,
    monotonicReads: deployment.monotonicReads,
    ...(deployment.store && { epoch: createEpochFile(settings.storeFile) }),
  });
  health.follow(router);
  const affinity = createAffinity({ regions, view: health.view });
  const gate = createWriteGate({
    router,
    view: health.view,
    forward: { secret, deadlineMs: 10_000, headersTimeoutMs: 9_000 },
  });

  const door = compose(health, affinity, gate).node(createRoutes(`${self}/${process}`, router));
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/health') === false) {
      response.setHeader(`x-proof-knew-${self}`, JSON.stringify(knowledge(self, process, router)));
    }
    door(request, response);
  });
  // A client that asks again just when an idle connection is closed gets no answer, which would say nothing of ours.
  server.keepAliveTimeout = 120_000;
  return { server, router, pools };
}

function knowledge(region: Region, process: number, router: RegionRouter<Region>): Knowledge {
  const { forks, highest, state } = router.topology();
  return {
    region,
    process,
    timeline: highest?.timeline ?? 0,
    state,
    forks: forks.map(({ parent, child, lsn }) => ({ parent, child, lsn: lsn.toString() })),
  };
}
