import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createConsole } from '@regionkit/console';
import { defineRegions } from '@regionkit/core';
import { REGIONS, type RegionName } from './names.ts';

export interface ConsolePage {
  readonly url: string;
  /** What the page asks for. */
  readonly token: string;
  close(): void;
}

/** Serves the console outside the regions, so that it outlives any of them. The doors are at these ports. */
export async function openConsolePage(
  ports: Readonly<Record<RegionName, number>>,
  token: string,
): Promise<ConsolePage> {
  const all = Object.fromEntries(REGIONS.map((name) => [name, { origin: `http://127.0.0.1:${ports[name]}` }]));
  const regions = defineRegions<string, string>({ self: REGIONS[0], all, development: true });
  const page = createConsole({ regions, token });
  const server = createServer(page.node((_request, response) => void response.writeHead(404).end()));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/console/`,
    token,
    close: () => {
      page.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
