import { constants } from 'node:os';
import {
  type Clock,
  check,
  integer,
  type OptionCheck,
  type OptionTable,
  oneOf,
  readOptions,
  systemClock,
  withDefault,
} from '@regionkit/core/kit';
import type { AnyServer } from './connections.ts';

/** Something to end before the process ends: a pool, a router, a queue. */
export interface DrainHook {
  /** The name in events and the log. */
  readonly name: string;
  readonly run: () => unknown;
}

/** The part of health that a drain uses. */
export interface Drainable {
  drain(): void;
  close(): Promise<void>;
  /** A single development machine without a balancer: do not wait. */
  readonly development?: boolean;
}

/** The options of {@link createDrain}. */
export interface DrainOptions {
  /** What `createHealth` returned. */
  readonly health: Drainable;
  /**
   * What sends the clients to this process. It decides how long a draining process must go on serving. `balancer`: a
   * load balancer, Kubernetes or a platform. Choose it also for a balancer in each region behind DNS. `dns`: clients
   * connect to the address that a DNS health checker gives them, such as Route 53. @default 'balancer'
   */
  readonly front?: 'balancer' | 'dns';
  /** The servers whose connections end without losing a request. {@link Drain.server} adds more. @default [] */
  readonly servers?: readonly AnyServer[];
  /** The signals that start the drain. A second one exits at once, with code 1. @default ['SIGTERM', 'SIGINT'] */
  readonly signals?: readonly NodeJS.Signals[];
  /**
   * How long to keep serving while not ready, in milliseconds, so that `front` and the other regions stop sending
   * traffic. Set it longer than they need. A balancer that checks every 5 s and gives up after two failures needs 10 s.
   * DNS needs its interval times its threshold plus the TTL: 150 s with the defaults of Route 53
   * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html: 30 s, 3) and a TTL of
   * 60 s. @default 15_000 for a balancer, 160_000 for DNS; 0 with `development: true` in `regions`
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

/**
 * The time that each needs, and some seconds more. A balancer: 5 s, twice. DNS: the defaults of Route 53, which are 30 s
 * and three failures, and a TTL of 60 s.
 */
const NOT_READY_FOR_MS = { balancer: 15_000, dns: 160_000 } as const;
/** Node runs a timer with a longer delay at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const SIGNALS = Object.keys(constants.signals) as NodeJS.Signals[];

const milliseconds = (byDefault: number): OptionCheck<number> => integer(byDefault, { max: LONGEST_TIMER_MS });
/** In development no balancer must be informed, and Ctrl-C ends the process. */
const unlessInDevelopment =
  (byDefault: number, inDevelopment: number) =>
  (option: string, given: never, { health }: Pick<DrainOptions, 'health'>): number =>
    milliseconds(health.development === true ? inDevelopment : byDefault)(option, given);

const listOf = <Item>(byDefault: readonly Item[], checkItem: (item: Item, option: string) => unknown) =>
  withDefault<readonly Item[]>(byDefault, (option, given) => {
    if (!Array.isArray(given)) throw new TypeError(`${option} must be a list`);
    for (const item of given) checkItem(item, option);
    return given;
  });

const OPTIONS: OptionTable<Required<DrainOptions>> = {
  health: (option, given: Drainable) => check.methods(option, given, ['drain', 'close']),
  front: oneOf('balancer', ['balancer', 'dns']),
  servers: listOf<AnyServer>([], checkServer),
  // A signal that does not exist would never come, and the process would never drain.
  signals: listOf<NodeJS.Signals>(['SIGTERM', 'SIGINT'], (signal, option) => check.oneOf(option, signal, SIGNALS)),
  notReadyForMs: (option, given, above) => unlessInDevelopment(NOT_READY_FOR_MS[above.front], 0)(option, given, above),
  graceMs: unlessInDevelopment(30_000, 1_000),
  idleMs: unlessInDevelopment(5_000, 0),
  hooks: listOf<DrainHook>([], checkHook),
  hookTimeoutMs: milliseconds(10_000),
  exit: withDefault((code: number): void => process.exit(code), check.function),
  clock: withDefault(systemClock, check.clock),
};

export function checkDrainOptions(given: DrainOptions): Required<DrainOptions> {
  if (typeof (given as { readonly drain?: unknown } | undefined)?.drain === 'function') {
    throw new TypeError('createDrain takes one object: createDrain({ health, servers: [server] }); got health itself');
  }
  return readOptions('createDrain: options', 'createDrain: ', given, OPTIONS);
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
