import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { check } from '@regionkit/core/kit';

/** The part of a health instance that the port uses. */
export interface ServedHealth {
  node(
    handler: (request: IncomingMessage, response: ServerResponse) => void,
  ): (request: IncomingMessage, response: ServerResponse) => void;
}

export interface ListenHealthOptions {
  /** 0: a free one. */
  readonly port: number;
  /** The address to listen on. @default all addresses */
  readonly host?: string;
}

/** A port for probes alone. */
export interface HealthPort {
  readonly port: number;
  /**
   * Ends its connections and stops listening. Close it last, as a hook of the drain: until then probes must see that the
   * process drains.
   *
   * @example
   * ```ts
   * const probes = await listenHealth(health, { port: 9_090 });
   * createDrain({ health, servers: [server], hooks: [{ name: 'probes', run: () => probes.close() }] });
   * ```
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves the routes of a health instance, and nothing else, on a port of its own: for probes that must not pass the
 * app's middleware, TLS or public load balancer. Mount the instance in the app too, or `checks.latency` sees no request.
 * The port does not keep the process alive.
 *
 * @example
 * ```ts
 * const probes = await listenHealth(health, { port: 9_090 });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 * @throws The error of `node:net` if it cannot listen there.
 */
export async function listenHealth(health: ServedHealth, options: ListenHealthOptions): Promise<HealthPort> {
  check.object('listenHealth: options', options, ['port', 'host']);
  check.integer('listenHealth: port', options.port, { min: 0, max: 65_535 });
  if (options.host !== undefined) check.string('listenHealth: host', options.host);
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000, maxHeaderSize: 8_192 },
    health.node((_request, response) => {
      response.writeHead(404, { 'cache-control': 'no-store' }).end();
    }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.unref();
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close };
}
