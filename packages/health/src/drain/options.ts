import { constants } from 'node:os';
import { type Clock, check, onlyGiven, systemClock } from '@regionkit/core/kit';
import type { AnyServer } from './connections.ts';

/** Something to end before the process ends: a pool, a router, a queue. */
export interface DrainHook {
  /** The name in events and the log. */
  readonly name: string;
  readonly run: () => unknown;
}

/** The options of {@link createDrain}. */
export interface DrainOptions {
  /** The servers whose connections end without losing a request. {@link Drain.server} adds more. @default [] */
  readonly servers?: readonly AnyServer[];
  /** The signals that start the drain. A second one exits at once, with code 1. @default ['SIGTERM', 'SIGINT'] */
  readonly signals?: readonly NodeJS.Signals[];
  /**
   * How long to keep serving while not ready, in milliseconds, so that DNS, load balancers and the other regions stop
   * sending traffic. Set it longer than they need. The default fits a load balancer that checks every few seconds. DNS
   * needs its interval times its threshold plus the TTL: 90 s and more with Route 53. @default 15_000; 0 with
   * `development: true` in `regions`
   */
  readonly notReadyForMs?: number;
  /**
   * How long running requests may take after that, in milliseconds, before their connections are destroyed. @default
   * 30_000; 1_000 in development
   */
  readonly graceMs?: number;
  /**
   * How long a connection must have been unused before it is closed, in milliseconds. @default 5_000; 0 in development
   */
  readonly idleMs?: number;
  /** They run when the servers are closed, the last one first. @default [] */
  readonly hooks?: readonly DrainHook[];
  /** The time limit of each hook, in milliseconds. @default 10_000 */
  readonly hookTimeoutMs?: number;
  /** Ends the process. The code is 0, or 1 if a hook failed or a second signal came. @default process.exit */
  readonly exit?: (code: number) => void;
  readonly clock?: Clock;
}

const drainDefaults = {
  signals: ['SIGTERM', 'SIGINT'],
  notReadyForMs: 15_000,
  graceMs: 30_000,
  idleMs: 5_000,
  hookTimeoutMs: 10_000,
} as const;

/** There is no balancer that must be informed. Ctrl-C ends the process. */
const developmentDefaults = { notReadyForMs: 0, graceMs: 1_000, idleMs: 0 } as const;

const KNOWN = [
  'servers',
  'signals',
  'notReadyForMs',
  'graceMs',
  'idleMs',
  'hooks',
  'hookTimeoutMs',
  'exit',
  'clock',
] as const;

const SIGNALS = Object.keys(constants.signals) as NodeJS.Signals[];

export function checkDrainOptions(given: DrainOptions, development = false): Required<DrainOptions> {
  check.object('createDrain: options', given, KNOWN);
  const options = {
    ...drainDefaults,
    ...(development && developmentDefaults),
    servers: [],
    hooks: [],
    exit: (code: number): void => process.exit(code),
    clock: systemClock,
    ...onlyGiven(given),
  };
  for (const name of ['notReadyForMs', 'graceMs', 'idleMs', 'hookTimeoutMs'] as const) {
    check.integer(`createDrain: ${name}`, options[name], { max: 2 ** 31 - 1 });
  }
  check.function('createDrain: exit', options.exit);
  check.clock('createDrain: clock', options.clock);
  for (const name of ['servers', 'hooks', 'signals'] as const) {
    if (!Array.isArray(options[name])) throw new TypeError(`createDrain: ${name} must be a list`);
  }
  // A signal that does not exist would never come, and the process would never drain.
  for (const signal of options.signals) check.oneOf('createDrain: signals', signal, SIGNALS);
  for (const hook of options.hooks) checkHook(hook);
  for (const server of options.servers) checkServer(server);
  return options;
}

export function checkHook(hook: DrainHook): DrainHook {
  check.string('createDrain: hooks: name', check.object('createDrain: hooks: a hook', hook).name);
  check.function('createDrain: hooks: run', hook.run);
  return hook;
}

export function checkServer(server: AnyServer): AnyServer {
  if (typeof server?.on !== 'function' || typeof server.close !== 'function') {
    throw new TypeError('createDrain: servers must be servers of node:http, node:https or node:http2');
  }
  return server;
}
