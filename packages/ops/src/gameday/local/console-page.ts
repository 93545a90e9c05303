import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRegions } from '@regionkit/core';
import { isMissingModule } from '../../is-missing-module.ts';
import type { Emit } from '../../records/record.ts';
import type { Tracker } from '../drill-status.ts';
import { perRegion, REGIONS } from './names.ts';
import type { Addresses } from './served.ts';

/**
 * Serves the console of all drills of a run on this machine, and tells its address. The package of the console is an optional
 * peer: without it there is no page, and that is told.
 */
export async function openConsolePage(
  { ports, operatorToken }: Addresses,
  tracker: Tracker,
  emit: Emit,
): Promise<AsyncDisposable> {
  const tell = (evidence: string): void =>
    emit({ type: 'step', name: 'serve', where: 'console', state: 'started', evidence });
  const found = await import('@regionkit/console').catch((error: unknown) => {
    if (!isMissingModule(error)) throw error;
    return undefined;
  });
  if (found === undefined) {
    tell('for a page of it: npm install --save-dev @regionkit/console');
    return { [Symbol.asyncDispose]: async () => {} };
  }
  const regions = defineRegions({
    self: REGIONS[0],
    all: perRegion((name) => ({ origin: `http://127.0.0.1:${ports[name]}` })),
    development: true,
  });
  const page = found.createConsole({ regions, token: operatorToken, drill: () => tracker.status() });
  const server = createServer(
    page.node((_request: IncomingMessage, response: ServerResponse) => void response.writeHead(404).end()),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  tell(`http://127.0.0.1:${(server.address() as AddressInfo).port}/console/ asks for the same token`);
  return {
    [Symbol.asyncDispose]: async () => {
      page.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
