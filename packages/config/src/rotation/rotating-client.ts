import { EventEmitter } from 'node:events';
import { check } from '@regionkit/core/kit';
import type { ConfigRef } from '../config.ts';
import { type Credentials, createCredentials, type Pair, type RotationOptions } from './credentials.ts';

/** The class `Client` of `pg`, 8.16 or later. Nothing is imported from `pg` here. */
// biome-ignore lint/suspicious/noExplicitAny: a mixin takes a class with any constructor.
export type PgClientClass = abstract new (...args: any[]) => object;

type Done = (error?: Error | null, client?: unknown) => void;

/** The part of a `pg.Client` that is read or set here. */
interface PgClient extends EventEmitter {
  connect(callback: Done): void;
  user: string;
  password: string | null;
  connection: EventEmitter & { readonly stream: { destroy(): void } };
  readonly connectionParameters: { user: string; password: string | null };
}

type PgConfig = string | { readonly connectionTimeoutMillis?: number; readonly user?: string };

/**
 * Returns a subclass of `pg.Client` that takes user and password from a live value. Use it in `pg.Pool` or alone. If
 * the database refuses the pair of a new connection, the client tries the other pairs (see `RotationOptions`) before it
 * reports an error, so a rotation under load fails no query. (In Secrets Manager a rotation changes the password in the
 * database before it moves the label `AWSCURRENT`:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html.)
 * Established connections stay open, because PostgreSQL keeps them too. The password is removed from a client's memory once it is connected, and it never enters the options
 * of the pool.
 *
 * Host and database come from the options, never from the value: the replica of a secret names the primary's host.
 *
 * @example
 * ```ts
 * const pool = new pg.Pool({ host, database, Client: rotatingClient(pg.Client, config.ref('db')) });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
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
        // Report the refusal. A failure of the search for another pair is of no use to the caller.
        const next = await credentials.next(refused, deadlineMs).catch(() => undefined);
        // Leave the promise first. An error in a callback is then an uncaught exception, as always with pg.
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
        // The value has no pair, or it has expired. Report it as a failed connection.
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

/** `pg` reads the user when it opens the connection, and the password when the server asks for it. */
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
 * PostgreSQL closes a connection that it refused, and the client then fails its waiting queries. Delay this until it is
 * clear that no other pair is left. The returned function releases it.
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
 * Resets a client that failed to connect to the state of a `fresh` one, so that it can connect again. It gets a new
 * connection without listeners and without state. The listeners and the waiting queries of the client stay.
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
