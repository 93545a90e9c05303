import type { Check } from './check.ts';
import { configCheck } from './config.ts';
import { type EventLoopOptions, eventLoopCheck } from './event-loop.ts';
import { httpCheck } from './http.ts';
import { latencyCheck } from './latency.ts';
import { poolCheck } from './pool.ts';
import { replicaLagCheck, routerCheck } from './router.ts';
import { sessionKeysCheck } from './session-keys.ts';
import { tcpCheck } from './tcp.ts';

/** The checks that are built in. */
export const checks: {
  readonly router: typeof routerCheck;
  readonly replicaLag: typeof replicaLagCheck;
  readonly pool: typeof poolCheck;
  readonly http: typeof httpCheck;
  readonly tcp: typeof tcpCheck;
  readonly eventLoop: (options: EventLoopOptions) => Check;
  readonly latency: typeof latencyCheck;
  readonly config: typeof configCheck;
  readonly sessionKeys: typeof sessionKeysCheck;
} = {
  router: routerCheck,
  replicaLag: replicaLagCheck,
  pool: poolCheck,
  http: httpCheck,
  tcp: tcpCheck,
  eventLoop: (options) => eventLoopCheck(options),
  latency: latencyCheck,
  config: configCheck,
  sessionKeys: sessionKeysCheck,
};
