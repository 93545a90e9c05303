import { check } from '@regionkit/core/kit';
import pg from 'pg';
import { LabError } from './errors.ts';
import type { Network } from './network/network.ts';
import { logTail } from './postgres/log.ts';
import { APP, type Node } from './postgres/node.ts';
import { removeSegment, segmentOf } from './process/shared-memory.ts';
import type { LabRegion } from './region.ts';
import { until } from './until.ts';

/** What a region needs to know of its lab. */
export interface LabContext<Name extends string> {
  primary: Name;
  readonly closed: boolean;
  readonly appPassword: string;
  readonly pools: Set<pg.Pool>;
  names(): readonly Name[];
  region(name: Name): InnerRegion<Name>;
}

/** A region with the members that only the lab uses. */
export interface InnerRegion<Name extends string> extends LabRegion<Name> {
  readonly node: Node;
  readonly upstream: Name | undefined;
  /** The first start. The data is in place. */
  launch(upstream?: Name): Promise<void>;
  /** Starts nothing more, and waits for the operation under way. The servers must have been ended before. */
  close(): Promise<void>;
  /** After a clean stop: makes it a standby with the data it has. */
  demote(of: Name): Promise<void>;
}

const REPLAY_TIMEOUT_MS = 10_000;
const PROMOTE_TIMEOUT_MS = 60_000;
/** Longer than a client's query may delay replay (`max_standby_streaming_delay`). */
const FOLLOW_TIMEOUT_MS = 60_000;
const MAX_LATENCY_MS = 60_000;

export function createRegion<Name extends string>(
  name: Name,
  node: Node,
  network: Network<Name>,
  lab: LabContext<Name>,
): InnerRegion<Name> {
  const { server, console } = node;
  let role: 'primary' | 'standby' = 'primary';
  let upstream: Name | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const mustBeOpen = (): void => {
    if (lab.closed) throw new LabError('ERR_LAB_CLOSED', `${name}: the lab is closed`);
  };
  /** Operations on the server run one after the other. */
  const queued = <T>(move: () => Promise<T>): Promise<T> => {
    const next = queue.then(() => {
      mustBeOpen();
      return move();
    });
    queue = next.catch(() => {});
    return next;
  };
  const timedOut = (message: string) => () =>
    new LabError('ERR_LAB_TIMEOUT', message, { logs: logTail(node.logFile, 10) });
  const mustAnswer = (): void => {
    mustBeOpen();
    if (server.state.status === 'down') throw new LabError('ERR_LAB_STATE', `${name} is down: start() it first`);
    if (server.state.status === 'frozen') throw new LabError('ERR_LAB_STATE', `${name} is frozen: thaw() it first`);
  };
  const mustBeStandby = (what: string): void => {
    if (role !== 'standby') throw new LabError('ERR_LAB_STATE', `${name} is a primary: only a standby can ${what}`);
  };
  const known = (option: string, other: Name): Name => check.oneOf(option, other, lab.names());
  const from = (what: string, other: Name | undefined): Name | undefined => {
    mustBeOpen();
    return other === undefined ? undefined : known(`${what}: from`, other);
  };
  const upstreamOf = (what: string, other: Name): Name => {
    if (known(`${what}: of`, other) !== name) return other;
    throw new RangeError(`${what}: of must be another region; got ${JSON.stringify(other)}`);
  };
  const pointAt = async (next: Name | undefined): Promise<void> => {
    upstream = next;
    await node.configure(next === undefined ? undefined : network.link(name, next).port);
  };
  /**
   * A standby switches to a new upstream when its startup process handles the change; while replay is paused, only
   * after it resumes. Until then it would still receive WAL that the former upstream sent before it died.
   */
  const leaveFormerUpstream = async (port: number): Promise<void> => {
    if (server.state.status !== 'up') return;
    await until(
      () =>
        scalar<boolean>(
          `SELECT pg_get_wal_replay_pause_state() <> 'not paused'
               OR NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE sender_port <> ${port}) AS value`,
        ),
      {
        timeoutMs: FOLLOW_TIMEOUT_MS,
        orThrow: timedOut(`${name} did not leave its upstream within ${FOLLOW_TIMEOUT_MS} ms`),
      },
    );
  };
  const kill = async (): Promise<void> => {
    console.recycle();
    const segment = server.state.status === 'down' ? undefined : segmentOf(node.dataDirectory);
    await server.kill();
    if (segment !== undefined) await removeSegment(segment);
  };
  const startAsWas = async (): Promise<void> => {
    if (server.state.status === 'frozen') server.thaw();
    else if (server.state.status === 'down') await server.start();
  };
  const scalar = async <T>(sql: string): Promise<T> => {
    mustAnswer();
    const [row] = await console.query<{ value: T }>(sql);
    return row?.value as T;
  };
  const timeline = (): Promise<number> =>
    scalar<number>(
      role === 'primary'
        ? `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int AS value`
        : `SELECT coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT greatest(
             (pg_control_checkpoint()).timeline_id, (pg_control_recovery()).min_recovery_end_timeline))) AS value`,
    );
  const setReplay = async (verb: 'pause' | 'resume', reached: string): Promise<void> => {
    mustAnswer();
    mustBeStandby(`${verb} replay`);
    await console.query(`SELECT pg_wal_replay_${verb}()`);
    await until(async () => (await scalar<string>('SELECT pg_get_wal_replay_pause_state() AS value')) === reached, {
      timeoutMs: REPLAY_TIMEOUT_MS,
      orThrow: timedOut(`${name}: replay did not ${verb} within ${REPLAY_TIMEOUT_MS} ms`),
    });
  };
  const connectionStringFrom = (other: Name): string =>
    `postgres://${APP}:${lab.appPassword}@127.0.0.1:${network.link(known('connectionStringFrom: from', other), name).port}/${APP}`;

  return {
    name,
    node,
    get role() {
      return role;
    },
    get upstream() {
      return upstream;
    },
    get status() {
      return server.state.status;
    },
    port: network.link(name, name).port,
    connectionString: connectionStringFrom(name),
    get adminConnectionString() {
      return node.adminConnectionString;
    },
    connectionStringFrom,
    pool: ({ from: other = name, ...options } = {}) => {
      mustBeOpen();
      const pool = new pg.Pool({ connectionString: connectionStringFrom(other), ...options });
      pool.on('error', () => {});
      pool.on('connect', (client) => client.on('error', () => {}));
      lab.pools.add(pool);
      return pool;
    },
    query: async (sql, values) => {
      mustAnswer();
      return console.query(sql, values);
    },
    timeline,
    position: () =>
      scalar<string>(
        `SELECT ${role === 'primary' ? 'pg_current_wal_flush_lsn()' : 'pg_last_wal_replay_lsn()'}::text AS value`,
      ),
    logs: (lines = 100) => logTail(node.logFile, lines),

    launch: (next) =>
      queued(async () => {
        role = next === undefined ? 'primary' : 'standby';
        await pointAt(next);
        await server.start();
      }),
    kill: () => queued(kill),
    stop: () =>
      queued(async () => {
        console.recycle();
        await server.stop();
      }),
    start: () =>
      queued(async () => {
        if (server.state.status === 'frozen') mustAnswer();
        if (server.state.status === 'down' && role === 'primary' && lab.primary !== name) {
          throw new LabError(
            'ERR_LAB_STATE',
            `${name} was the primary, and ${lab.primary} is now: rejoin() makes it a standby, returnAsIs() starts it as it was`,
          );
        }
        await startAsWas();
      }),
    returnAsIs: () => queued(startAsWas),
    promote: async ({ follow = true } = {}) => {
      const promotion = await queued(async () => {
        mustAnswer();
        mustBeStandby('be promoted');
        // Request the promotion and check its progress here: `pg_promote(wait)` checks only every 100 ms.
        // Another program may have promoted it already: then the lab learns it.
        await console.query('SELECT CASE WHEN pg_is_in_recovery() THEN pg_promote(false) END');
        await until(async () => !(await scalar<boolean>('SELECT pg_is_in_recovery() AS value')), {
          timeoutMs: PROMOTE_TIMEOUT_MS,
          everyMs: 5,
          orThrow: timedOut(`${name} was not promoted within ${PROMOTE_TIMEOUT_MS} ms`),
        });
        role = 'primary';
        upstream = undefined;
        lab.primary = name;
        const made = await timeline();
        return { timeline: made, fork: node.forkOf(made) ?? '0/0' };
      });
      // Not queued: two regions that are promoted at the same time must not wait for each other.
      if (follow) {
        for (const other of lab.names().map(lab.region)) {
          const feeds = other.upstream === undefined ? undefined : lab.region(other.upstream);
          if (other.role === 'standby' && feeds?.role === 'primary')
            await other.follow({ of: name }).catch(ignoreIfUnable(other));
        }
      }
      return promotion;
    },
    rejoin: async ({ of = lab.primary } = {}) =>
      queued(async () => {
        const source = lab.region(upstreamOf(`${name}.rejoin`, of));
        if (source.status !== 'up')
          throw new LabError('ERR_LAB_STATE', `${of} is ${source.status}: ${name} cannot be copied from it`);
        if (lab.primary === name) {
          if (source.role !== 'primary') {
            throw new LabError(
              'ERR_LAB_STATE',
              `${name} is the primary: promote another region before it rejoins (if another program has promoted it: promote() takes note of it)`,
            );
          }
          lab.primary = of;
        }
        await kill();
        await node.erase();
        await source.node.copyTo([node]);
        role = 'standby';
        await pointAt(of);
        await server.start();
      }),
    follow: ({ of }) =>
      queued(async () => {
        mustBeStandby('follow another region');
        const next = upstreamOf(`${name}.follow`, of);
        await pointAt(next);
        await leaveFormerUpstream(network.link(name, next).port);
      }),
    close: async () => {
      server.close();
      console.recycle();
      await queue;
    },
    demote: (of) =>
      queued(async () => {
        await node.markStandby();
        role = 'standby';
        await pointAt(of);
        await server.start();
      }),
    pauseReplay: () => queued(() => setReplay('pause', 'paused')),
    resumeReplay: () => queued(() => setReplay('resume', 'not paused')),
    freeze: async () => {
      mustBeOpen();
      await server.freeze();
    },
    thaw: async () => {
      mustBeOpen();
      server.thaw();
    },

    partition: async (other) => {
      const origin = from(`${name}.partition`, other);
      await (origin === undefined ? network.isolate(name) : network.setFlow('cut', name, origin));
    },
    mute: async (other) => network.setFlow('mute', name, from(`${name}.mute`, other)),
    drop: async (other) => network.setFlow('lose', name, from(`${name}.drop`, other)),
    reset: async (other) => network.reset(name, from(`${name}.reset`, other)),
    latency: async (ms, other) => {
      check.number(`${name}.latency: ms`, ms, { min: 0, max: MAX_LATENCY_MS });
      network.setExtraMs(ms, name, from(`${name}.latency`, other));
    },
    heal: async (other) => network.heal(name, from(`${name}.heal`, other)),
  };
}

/** The region was promoted itself meanwhile, or it has no data to follow with. */
const ignoreIfUnable =
  (region: LabRegion) =>
  (error: unknown): void => {
    if (region.role === 'standby' && region.status !== 'down') throw error;
  };
