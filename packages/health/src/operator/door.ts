import { randomBytes } from 'node:crypto';
import {
  createEvents,
  type Decider,
  type Decision,
  type Doors,
  type EventSource,
  type NextDecision,
  type RequestView,
  withDoors,
} from '@regionkit/core';
import { harmless } from '@regionkit/core/kit';
import { createRefusals, createStreams, createTokenCheck, streamOnFetch, streamOnNode } from '@regionkit/core/operator';
import { type BodySource, bodyOnFetch, bodyOnNode, readBody } from './body.ts';
import { createEventLog } from './event-log.ts';
import { writeJson } from './json.ts';
import { checkOperatorOptions, type OperatorDoorOptions } from './options.ts';
import { readOrder } from './order-body.ts';
import { createOrders, type Ordered } from './orders.ts';
import { answerOnNode, decisionOf, type Reply, refusal, reply, responseOf } from './reply.ts';
import { type OperatorAction, ROUTER_EVENT_NAMES } from './router.ts';
import { createStatus } from './status.ts';

/** The events of {@link OperatorDoor}. Each is also published on the channel `regionkit:operator:<event>`. */
export interface OperatorEvents {
  /** An operator gave an order, with the reason that was written. */
  order: Ordered;
  /** A request had no token, or a wrong one. */
  'token-refused': { readonly times: number };
}

/** Made by {@link createOperatorDoor}. */
export interface OperatorDoor extends Decider, Doors, EventSource<OperatorEvents>, Disposable {
  /**
   * Ends the streams of events. The door then answers 503.
   *
   * @example
   * ```ts
   * operator.close();
   * ```
   */
  close(): void;
}

const PASS: NextDecision = Object.freeze({ action: 'next', reason: 'not-operator' });
const ORDERS: ReadonlySet<string> = new Set<OperatorAction>(['confirm', 'reset', 'recycle', 'pause', 'resume']);

const CLOSED = refusal(503, 'closed', 'This process ends. Nothing was done.');
const FULL = refusal(503, 'listeners', 'Too many listeners read the events.');
const NO_STATUS = refusal(500, 'failed', 'The status could not be read. Look at the log of the process.');

const BODY_FAILURES = {
  'too-large': [413, 'The body is longer than 8 KiB. Nothing was done.'],
  'timed-out': [408, 'The body did not come within 10 s. Nothing was done.'],
  aborted: [400, 'The body did not come to its end. Nothing was done.'],
  'already-read': [500, 'The body was read before: mount the operator door before body parsers. Nothing was done.'],
} as const;

/**
 * The operator's door into one process: what it knows, what has happened, and the orders of an operator, each with a
 * reason that goes to the log and the events.
 *
 * `GET /operator/status` and `GET /operator/events` (server-sent events); `POST /operator/confirm`, `/operator/reset`,
 * `/operator/recycle`, `/operator/pause` and `/operator/resume` with `{ "reason": "…" }`. Every request needs the token. Without one the door does not exist.
 *
 * @example
 * ```ts
 * const operator = createOperatorDoor({ regions, token: process.env.OPERATOR_TOKEN, router, health });
 * app.use(operator.express());
 * ```
 *
 * @throws {TypeError | RangeError} An option is of the wrong type or out of range.
 */
export function createOperatorDoor<Name extends string>(given: OperatorDoorOptions<Name>): OperatorDoor {
  const options = checkOperatorOptions(given);
  const { token, router, health, path, clock, heartbeatMs, logger } = options;
  const mayEnter = createTokenCheck(token, { option: 'createOperatorDoor: token', minBytes: 32 });
  const events = createEvents<OperatorEvents>('operator', ['order', 'token-refused']);
  const log = createEventLog(options.maxEvents, clock);
  const regionNames = options.regions.list.map(({ name }) => name);
  const id = randomBytes(9).toString('base64url');
  const readStatus = createStatus(options, log, id);
  /** Undefined: a part of the app failed, for example a secret that has expired. */
  const status = (): object | undefined => {
    try {
      return readStatus();
    } catch {
      return undefined;
    }
  };
  const streams = createStreams({
    log,
    process: id,
    status,
    max: options.maxListeners,
    heartbeatMs,
    clock,
    write: writeJson,
  });

  const say = (message: string): void => {
    if (logger === undefined) process.emitWarning(message, { code: 'REGIONKIT_OPERATOR' });
    else harmless(logger).warn(message);
  };
  const note: (source: 'router' | 'health' | 'operator', name: string, payload: object) => void = (...event) => {
    log.add(...event);
    streams.news();
  };
  const order = createOrders(router, (ordered) => {
    note('operator', 'order', ordered);
    events.emit('order', ordered);
    const { action, outcome, reason, state } = ordered;
    say(`operator: ${action} ${outcome}, the state is ${state}; the reason given: ${reason}`);
  });
  const unfollow =
    token === undefined
      ? []
      : [
          ...ROUTER_EVENT_NAMES.map((name) => router.on(name, (payload) => note('router', name, payload))),
          ...(health === undefined
            ? []
            : [
                health.on('change', ({ to }) => note('health', 'change', to)),
                health.on('stale', (payload) => note('health', 'stale', payload)),
                health.on('drain', (payload) => note('health', 'drain', payload)),
              ]),
        ];

  const countRefusal = createRefusals('operator', say, clock);
  /** One answer for every path and method, and for a missing and a wrong token: it tells nothing but that there is a door. */
  const refuse = (): Reply => {
    events.emit('token-refused', { times: countRefusal() });
    return refusal(401, 'token', 'Send the operator token: Authorization: Bearer <token>.', [
      ['www-authenticate', 'Bearer'],
    ]);
  };

  const orderBy = async (action: OperatorAction, source: BodySource | undefined): Promise<Reply> => {
    const body = source === undefined ? 'already-read' : await readBody(source, clock);
    if (typeof body === 'string') return refusal(BODY_FAILURES[body][0], body, BODY_FAILURES[body][1]);
    const asked = readOrder(body.text, action, regionNames);
    if (asked === undefined) {
      const options = action === 'pause' ? ' A pause may have timeoutMs, drainTimeoutMs and processes as well.' : '';
      const message = `Send { "reason": "…" }: 1 to 500 characters on one line.${options} Nothing was done.`;
      return refusal(400, 'reason', message);
    }
    if (asked.process !== undefined && asked.process !== id) {
      return refusal(421, 'other-process', 'The order is for another process. Nothing was done; send it again.');
    }
    // The body may have come after the close.
    return streams.isClosed ? CLOSED : order(action, asked);
  };

  const decideOpen = (request: RequestView, route: string): Decision => {
    if (streams.isClosed) return decisionOf(CLOSED);
    const isOrder = ORDERS.has(route);
    if (!isOrder && route !== 'status' && route !== 'events') {
      return decisionOf(refusal(404, 'path', 'There are status, events, confirm, reset, recycle, pause and resume.'));
    }
    const method = isOrder ? 'POST' : 'GET';
    if (request.method !== method) return decisionOf(refusal(405, 'method', `Use ${method}.`, [['allow', method]]));
    if (route === 'status') {
      const now = status();
      return decisionOf(now === undefined ? NO_STATUS : reply(200, 'status', now));
    }
    if (route === 'events') {
      const last = request.header('last-event-id')[0];
      const mayStay = (): boolean => mayEnter(request);
      // Other listeners may have begun since the decision.
      const refused = (): Reply | undefined => (streams.isClosed ? CLOSED : streams.isFull ? FULL : undefined);
      return {
        action: 'proxy',
        reason: 'events',
        node: async (raw, response) => {
          const no = refused();
          if (no === undefined) await streamOnNode(streams, response, last, mayStay);
          else answerOnNode(raw, response, no);
        },
        fetch: async ({ signal }) => {
          const no = refused();
          return no === undefined ? streamOnFetch(streams, signal, last, mayStay) : responseOf(no);
        },
      };
    }
    const action = route as OperatorAction;
    return {
      action: 'proxy',
      reason: action,
      node: async (raw, response) => answerOnNode(raw, response, await orderBy(action, bodyOnNode(raw))),
      fetch: async (raw) => responseOf(await orderBy(action, bodyOnFetch(raw))),
    };
  };

  const close = (): void => {
    for (const stop of unfollow.splice(0)) stop();
    streams.close();
  };
  return withDoors({
    on: events.on,
    close,
    [Symbol.dispose]: close,
    decide: (request: RequestView): Decision => {
      if (token === undefined) return PASS;
      if (request.path !== path && !request.path.startsWith(`${path}/`)) return PASS;
      if (!mayEnter(request)) return decisionOf(refuse());
      return decideOpen(request, request.path.slice(path.length + 1));
    },
  });
}
