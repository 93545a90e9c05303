import { EventEmitter } from 'node:events';
import { check } from '@regionkit/core/kit';
import type { ConfigRef } from '../config.ts';
import { type Credentials, createCredentials, type Pair, type RotationOptions } from './credentials.ts';

/** The class `Client` of `pg`, 8.16 or later; nothing of it is imported here. */
// biome-ignore lint/suspicious/noExplicitAny: a mixin takes a class with any constructor.
export type PgClientClass = abstract new (...args: any[]) => object;

type Done = (error?: Error | null, client?: unknown) => void;

/** The part of a `pg.Client` that is used, or set. */
interface PgClient extends EventEmitter {
  connect(callback: Done): void;
  user: string;
  password: string | null;
  connection: EventEmitter & { readonly stream: { destroy(): void } };
  readonly connectionParameters: { user: string; password: string | null };
}

type PgConfig = string | { readonly connectionTimeoutMillis?: number; readonly user?: string };

/**
 * `pg.Client` with user and password from a value that changes, for `pg.Pool` and on its own. A connection that is
 * refused for its pair is tried again, before anybody hears of it, with the pairs described at `RotationOptions`; so a
 * rotation under load fails no query. Connections that are established are left alone, as PostgreSQL does. The password
 * is taken out of a client's memory once it is connected, and never gets into the pool's options.
 *
 * Host and database come from the options and never from the value: a replica of a secret names the primary's host.
 *
 * ```ts
 * const pool = new pg.Pool({ host, database, Client: rotatingClient(pg.Client, config.ref('db')) });
 * ```
 *
 * @throws {TypeError | RangeError} An option is not what it must be.
 */
export function rotatingClient<C extends PgClientClass, T>(
  Client: C,
  ref: ConfigRef<T>,
  options: RotationOptions<T> = {},
): C {
  check.function('rotatingClient: Client', Client);
  const credentials = createCredentials('rotatingClient', ref, options);
  const Base = Client as unknown as new (config?: PgConfig) => PgClient;

  class RotatingClient extends Base {
    readonly #config: PgConfig | undefined;

    constructor(config?: PgConfig) {
      super(config);
      this.#config = config;
    }

    override connect(callback?: Done): never {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.#connect((error) => (error ? reject(error) : resolve(this)));
        }) as never;
      }
      this.#connect(callback);
      return undefined as never;
    }

    #connect(callback: Done): void {
      const deadlineMs = credentials.clock.now() + budgetOf(this.#config, credentials);
      const refused: Pair[] = [];
      const attempt = (pair: Pair): void => {
        setPair(this, pair);
        super.connect((error) => {
          if (!error) {
            setPair(this, { password: null });
            credentials.accepted(pair);
            callback(null, this);
            return;
          }
          refused.push(pair);
          if (!credentials.isRefusal(error) || refused.length >= credentials.maxAttempts) callback(error);
          else void again(error);
        });
      };
      const again = async (error: Error): Promise<void> => {
        const release = holdEnd(this.connection);
        // What goes wrong in looking for another pair is not what the caller needs to hear: the refusal is.
        const next = await credentials.next(refused, deadlineMs).catch(() => undefined);
        // Out of the promise, so that what a callback throws is an exception, as it always is with pg.
        process.nextTick(() => {
          if (next === undefined || credentials.clock.now() >= deadlineMs) {
            release();
            callback(error);
          } else {
            begin(this, new Base(this.#config));
            attempt(next);
          }
        });
      };
      try {
        attempt(credentials.first());
      } catch (error) {
        // There is no pair in the value, or it has expired: a failure to connect like any other.
        process.nextTick(() => callback(error as Error));
      }
    }
  }
  return RotatingClient as unknown as C;
}

function budgetOf(config: PgConfig | undefined, { budgetMs }: Credentials): number {
  const timeoutMs = typeof config === 'object' ? config.connectionTimeoutMillis : undefined;
  return timeoutMs === undefined || timeoutMs === 0 ? budgetMs : Math.min(budgetMs, timeoutMs);
}

/** Where `pg` looks at the pair: when it says hello, and when it is asked for the password. */
function setPair(
  client: PgClient,
  { user, password }: { readonly user?: string; readonly password: string | null },
): void {
  if (user !== undefined) {
    client.user = user;
    client.connectionParameters.user = user;
  }
  client.password = password;
  client.connectionParameters.password = password;
}

/**
 * PostgreSQL closes a connection it refused, and the client then fails the queries that wait for it: not before it is
 * known that there is no other pair to try. The returned function lets it.
 */
function holdEnd(connection: PgClient['connection']): () => void {
  const listeners = connection.rawListeners('end') as (() => void)[];
  let ended = false;
  connection.removeAllListeners('end');
  connection.once('end', () => {
    ended = true;
  });
  return () => {
    for (const listener of listeners) connection.on('end', listener);
    if (ended) connection.emit('end');
  };
}

const EMITTER_KEYS = new Set(Reflect.ownKeys(new EventEmitter()));

/**
 * Makes a client that failed to connect what a `fresh` one is, so that it can connect once more: it has a connection
 * that nothing listens to yet, and no state. Listeners, and queries that were asked for meanwhile, stay.
 */
function begin(client: PgClient, fresh: PgClient): void {
  const { connection } = client;
  connection.removeAllListeners();
  connection.on('error', () => {});
  connection.stream.destroy();
  for (const key of Reflect.ownKeys(fresh)) {
    if (EMITTER_KEYS.has(key) || key === '_queryQueue') continue;
    Object.defineProperty(client, key, Reflect.getOwnPropertyDescriptor(fresh, key) as PropertyDescriptor);
  }
}
