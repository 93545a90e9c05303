import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  type Decider,
  type Decision,
  type Doors,
  type NextDecision,
  type RequestView,
  type RespondDecision,
  withDoors,
} from '@regionkit/core';
import { harmless } from '@regionkit/core/kit';
import {
  createRefusals,
  createStreams,
  createTokenCheck,
  PRIVATE_FIELDS,
  streamOnFetch,
  streamOnNode,
  tokenToSend,
} from '@regionkit/core/operator';
import { openStream } from './fleet/open-stream.ts';
import { watchFleet } from './fleet/watch-fleet.ts';
import { readDrill } from './model/read-drill.ts';
import { type ConsoleOptions, checkConsoleOptions, doorsOf } from './options.ts';
import { createPageFiles } from './page-files.ts';

/** Made by {@link createConsole}. */
export interface Console extends Decider, Doors, Disposable {
  /**
   * Ends the streams to the doors and to the pages. Requests for the console then get 503.
   *
   * @example
   * ```ts
   * page.close();
   * ```
   */
  close(): void;
}

/** Of a token. */
const MIN_BYTES = 32;
const PASS: NextDecision = Object.freeze({ action: 'next', reason: 'not-console' });
/** The longest time between two signs of life that a page gets. */
const HEARTBEAT_MS = 1_000;
/** A page that loses its connection comes back. Until then the streams to the doors stay open. */
const LINGER_MS = 5_000;
/** An operator door sends something every second. */
const IDLE_MS = 5_000;

/**
 * One page that shows what every process of every region knows. It listens to the operator doors of all regions while a page is
 * open, and gives no orders.
 *
 * `GET /console/` is the page, which asks for the token of the operator doors. It keeps the token in memory, and sends it in the
 * `Authorization` field alone.
 *
 * @example
 * ```ts
 * const page = createConsole({ regions, token: process.env.OPERATOR_TOKEN });
 * app.use(page.express());
 * ```
 *
 * @throws {TypeError | RangeError} An option is of the wrong type or out of range.
 */
export function createConsole<Name extends string>(given: ConsoleOptions<Name>): Console {
  const options = checkConsoleOptions(given);
  const { token, path, clock, logger, agent, maxListeners } = options;
  const mayEnter = createTokenCheck(token, { option: 'createConsole: token', minBytes: MIN_BYTES });
  const files = createPageFiles();

  const say = (message: string): void => {
    if (logger === undefined) process.emitWarning(message, { code: 'REGIONKIT_OPERATOR' });
    else harmless(logger).warn(message);
  };
  const countRefusal = createRefusals('console', say, clock);
  const watch = watchFleet({
    doors: token === undefined ? [] : doorsOf(options),
    open: (url, on) => openStream({ url, token: tokenToSend(token, MIN_BYTES) ?? '', agent, idleMs: IDLE_MS, ...on }),
    drill: () => readDrill(drillOf(options.drill)),
    clock,
    onChange: () => streams.news(),
  });
  const streams = createStreams({
    log: watch,
    process: randomBytes(9).toString('base64url'),
    status: watch.fleet,
    max: maxListeners,
    heartbeatMs: HEARTBEAT_MS,
    clock,
  });

  let pages = 0;
  let cancel: (() => void) | undefined;
  const enter = (): (() => void) => {
    pages += 1;
    cancel?.();
    cancel = undefined;
    watch.start();
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      pages -= 1;
      if (pages === 0) cancel = clock.schedule(watch.stop, LINGER_MS);
    };
  };

  const events = (request: RequestView): Decision => {
    if (!mayEnter(request)) {
      countRefusal();
      return refusal(401, 'token', [['www-authenticate', 'Bearer']]);
    }
    if (streams.isFull) return refusal(503, 'listeners');
    const last = request.header('last-event-id')[0];
    const mayStay = (): boolean => mayEnter(request);
    // Other pages may have come since the decision.
    const isFree = (): boolean => !streams.isClosed && !streams.isFull;
    let leave = (): void => {};
    return {
      action: 'proxy',
      reason: 'events',
      node: async (_request, response) => {
        if (!isFree()) {
          (response as ServerResponse).writeHead(503, Object.fromEntries(PRIVATE_FIELDS)).end();
          return;
        }
        leave = enter();
        await streamOnNode(streams, response, last, mayStay);
      },
      fetch: async ({ signal }) => {
        if (!isFree()) return new Response(null, { status: 503 });
        leave = enter();
        return streamOnFetch(streams, signal, last, mayStay);
      },
      onDone: () => leave(),
    };
  };

  const close = (): void => {
    cancel?.();
    streams.close();
    watch.stop();
  };
  const [, slug = ''] = /([^/]+)$/.exec(path) ?? [];
  return withDoors({
    close,
    [Symbol.dispose]: close,
    decide: (request: RequestView): Decision | Promise<Decision> => {
      if (token === undefined) return PASS;
      if (request.path !== path && !request.path.startsWith(`${path}/`)) return PASS;
      if (streams.isClosed) return refusal(503, 'closed');
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return refusal(405, 'method', [['allow', 'GET, HEAD']]);
      // A relative address: a mount may stand before the path.
      if (request.path === path) return refusal(308, 'slash', [['location', `${slug}/`]]);
      const name = request.path.slice(path.length + 1);
      if (name === 'events')
        return request.method === 'GET' ? events(request) : refusal(405, 'method', [['allow', 'GET']]);
      return files.answer(name).then((answer) => answer ?? refusal(404, 'path'));
    },
  });
}

function refusal(status: number, reason: string, headers: RespondDecision['headers'] = []): RespondDecision {
  return { action: 'respond', reason, status, headers: [...PRIVATE_FIELDS, ...headers] };
}

/** A mistake of the app must not end the stream. */
function drillOf(drill: () => unknown): unknown {
  try {
    return drill();
  } catch {
    return undefined;
  }
}
