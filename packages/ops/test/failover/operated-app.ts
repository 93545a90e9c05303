import type { RequestListener } from 'node:http';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { createHealth } from '@regionkit/health';
import { createOperatorDoor } from '@regionkit/health/operator';
import type { Lab } from '@regionkit/lab';
import { OPERATOR_TOKEN } from '../status/commands.ts';
import type { Name } from './lab-setup.ts';

export const HEALTH_TOKEN = 'a-token-of-health-for-operators';

/** A process of the app that takes orders. */
export interface OperatedApp {
  readonly name: Name;
  readonly router: RegionRouter<Name>;
  readonly handle: RequestListener;
  /** One entry for each pause of its writes. */
  readonly paused: string[];
  close(): Promise<void>;
}

/** A process of the app in a region, with router, health and operator door. It reaches every database. */
export function startOperatedApp(lab: Lab<Name>, self: Name, origins: Readonly<Record<Name, string>>): OperatedApp {
  const all = Object.fromEntries(Object.entries(origins).map(([name, origin]) => [name, { origin }])) as Record<
    Name,
    { origin: string }
  >;
  const regions = defineRegions<Name, Name>({ self, all, development: true });
  const peers = { secret: 'x'.repeat(32), intervalMs: 100, urgentIntervalMs: 50 };
  const health = createHealth({ regions, token: HEALTH_TOKEN, peers, defaults: { intervalMs: 100 } });
  const pools = Object.fromEntries(
    lab.regions.map(({ name }) => [name, lab.region(name).pool({ from: self, max: 4 })]),
  );
  const router = createRegionRouter<Name>({
    regions,
    pools,
    writes: 'remote-pool',
    view: health.view,
    hold: { timeoutMs: 30_000 },
    probe: { intervalMs: 200, alertIntervalMs: 50 },
    coldStart: 'trust',
  });
  health.follow(router);
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const door = createOperatorDoor({ regions, token: OPERATOR_TOKEN, router, pools, health, logger });
  const paused: string[] = [];
  router.on('writes-paused', () => void paused.push(self));
  const inner = health.node((_request, response) => void response.writeHead(404).end());
  const handle = door.node((request, response) => inner(request as never, response as never)) as RequestListener;
  return {
    name: self,
    router,
    handle,
    paused,
    close: async () => {
      door.close();
      await Promise.all([router.close(), health.close()]);
    },
  };
}
