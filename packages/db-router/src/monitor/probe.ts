import type { Client, Pool, PoolConfig } from 'pg';
import { clientClass } from '../connection/client-class.ts';
import type { Reading, Readings } from '../topology/readings.ts';
import { createSilence, type SilenceOptions } from './silence.ts';

/** Probes one node on its own connection, so that a busy pool does not make the node look dead. */
export interface Probe {
  /**
   * Probes now. A connection that was lost since the last probe is opened again, once. Rejects if the node does not
   * answer. One call at a time.
   */
  ask(): Promise<Reading>;
  /**
   * Sends an empty query, which costs the server a twentieth of a probe. PostgreSQL 14 and later reports the end of recovery
   * with its answer, and `onSign` is called. Nothing is sent if the server does not report that, or the last ping is
   * not answered.
   */
  ping(): void;
  /** Runs another query on the connection that answered last. Not while `ask()` is running. */
  query(sql: string): Promise<Readonly<Record<string, unknown>>>;
  /** The next probe opens a new connection, because the name may lead elsewhere. A running one is not disturbed. */
  reconnect(): void;
  close(): void;
}

export interface ProbeOptions extends SilenceOptions {
  readonly pool: Pool;
  readonly readings: Readings;
  /** An older connection is opened again, because names are resolved only then. */
  maxConnectionMs(): number;
  /** A sign that the role of the node has changed: the connection broke, or the server reports the end of recovery. */
  onSign(): void;
}

export function createProbe(options: ProbeOptions): Probe {
  const { clock, pool, readings } = options;
  const silence = createSilence(options);
  let client: Client | undefined;
  let openedAtMs = 0;
  let isOutdated = false;
  let isClosed = false;
  /** The connection whose server reports whether it is in recovery. */
  let reporting: Client | undefined;
  /** The connection with a ping that is not answered. */
  let pinged: Client | undefined;

  /** Drops only the given connection. Another probe may be running on another one. */
  const drop = (old: Client | undefined): void => {
    if (client === old) client = undefined;
    old?.connection.stream.destroy();
  };

  const open = async (): Promise<Client> => {
    if (isClosed) throw new Error('the probe is closed');
    const fresh = new (clientClass(pool))(probeConfig(pool.options, options.timeoutMs));
    client = fresh;
    openedAtMs = clock.now();
    let isOpen = false;
    const onLost = (): void => {
      // A connection that cannot be opened is a failed probe. The next one follows at the usual pace.
      if (!isOpen || client !== fresh) return;
      drop(fresh);
      options.onSign();
    };
    fresh.on('error', onLost);
    fresh.on('end', onLost);
    fresh.connection.on('parameterStatus', (message: { parameterName?: string }) => {
      if (message.parameterName !== 'in_hot_standby') return;
      reporting = fresh;
      if (isOpen) options.onSign();
    });
    try {
      await connected(fresh);
    } catch (error) {
      drop(fresh);
      throw error;
    }
    isOpen = true;
    (fresh as unknown as { unref(): void }).unref();
    return fresh;
  };

  const read = async (): Promise<Reading> => {
    const asked = client ?? (await open());
    try {
      return readings.parse(await firstRow(asked, readings.sql));
    } catch (error) {
      drop(asked);
      throw error;
    }
  };

  return {
    ask: () =>
      new Promise<Reading>((resolve, reject) => {
        if (isOutdated || clock.now() - openedAtMs > options.maxConnectionMs()) drop(client);
        isOutdated = false;
        const reused = client;
        const askedAtMs = clock.now();
        let timedOut = false;
        const answered = read().catch((error: unknown) => {
          if (reused === undefined || timedOut) throw error;
          return read();
        });
        const cancel = clock.schedule(() => {
          timedOut = true;
          const silent = client;
          if (silent !== undefined && silent === reused) {
            client = undefined;
            silence.keep({ askedAtMs, answered, drop: () => drop(silent) });
          } else drop(silent);
          reject(Object.assign(new Error('the probe timed out'), { code: 'ETIMEDOUT' }));
        }, options.timeoutMs);
        answered.finally(cancel).then((reading) => {
          if (!timedOut) silence.nodeAnswers();
          resolve(reading);
        }, reject);
      }),
    ping: () => {
      const asked = client;
      if (asked === undefined || asked !== reporting || asked === pinged) return;
      pinged = asked;
      const settled = (): void => {
        if (pinged === asked) pinged = undefined;
      };
      // A lost connection is a sign of its own.
      firstRow(asked, '').then(settled, settled);
    },
    query: async (sql) => {
      const asked = client;
      if (asked === undefined) throw new Error('the probe has no connection');
      // Drop a connection that falls silent here. The next probe opens another one.
      const cancel = clock.schedule(() => drop(asked), options.timeoutMs);
      try {
        return await firstRow(asked, sql);
      } finally {
        cancel();
      }
    },
    reconnect: () => {
      isOutdated = true;
    },
    close: () => {
      isClosed = true;
      silence.close();
      drop(client);
    },
  };
}

/** By callback, as a pool does it: an app's own client class may know no other way. */
function connected(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.connect((error: unknown) => (error ? reject(error) : resolve()));
  });
}

function firstRow(client: Client, sql: string): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    void client.query<Record<string, unknown>>(sql, (error, result) =>
      error ? reject(error) : resolve(result.rows[0] ?? {}),
    );
  });
}

/** The settings of the pool, without those that would change the result of a probe. The password is not enumerable. */
function probeConfig(options: PoolConfig, timeoutMs: number): PoolConfig {
  const config: PoolConfig = {
    ...options,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: undefined,
    fallback_application_name: 'regionkit-probe',
  };
  Object.defineProperty(config, 'password', {
    configurable: true,
    enumerable: false,
    writable: true,
    value: options.password,
  });
  return config;
}
