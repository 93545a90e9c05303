import type pg from 'pg';

/** The result of a promotion: the new timeline, and the position at which it left the old one. */
export interface Promotion {
  readonly timeline: number;
  /**
   * The new timeline has everything up to this position of the old one, and nothing that the old primary wrote after
   * it.
   */
  readonly fork: string;
}

export interface LabPoolOptions<Name extends string = string> extends pg.PoolConfig {
  /** The region of the client. @default the database's own */
  readonly from?: Name | undefined;
}

/** One region: its PostgreSQL server, the network paths to it, and the faults of both. */
export interface LabRegion<Name extends string = string> {
  readonly name: Name;
  /**
   * What the lab has made of its server. A server that another program has promoted is `primary` here only after
   * `promote()`. After a failover two regions may be `primary`.
   */
  readonly role: 'primary' | 'standby';
  readonly status: 'up' | 'frozen' | 'down';
  /** The port for clients in its own region. It stays the same while the lab lives. */
  readonly port: number;
  /** For clients in its own region: role and database `app`, no superuser. */
  readonly connectionString: string;
  /** For the superuser, directly to the server, without network faults. Read it again after a start. */
  readonly adminConnectionString: string;
  /** Returns the connection string for clients in region `from`, with the round trip and the faults of that pair. */
  connectionStringFrom(from: Name): string;
  /** Makes a pool that ends with the lab. Errors of idle connections are ignored; errors of queries are not. */
  pool(options?: LabPoolOptions<Name>): pg.Pool;
  /**
   * Runs SQL as the superuser in the database `app`, without network faults. The role `app` may use what it creates.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as in pg: what a row holds is the SQL's business.
  query<Row extends pg.QueryResultRow = any>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Returns the timeline that it writes, or receives. */
  timeline(): Promise<number>;
  /** Returns the position that it has flushed, or replayed: `0/3000148`. */
  position(): Promise<string>;
  /** Returns the last lines of its server's log. */
  logs(lines?: number): string;

  /** Kills the whole server (SIGKILL). It writes, sends and closes nothing more. Clients are refused then. */
  kill(): Promise<void>;
  /** Shuts the server down cleanly and fast. Connected standbys receive everything first. */
  stop(): Promise<void>;
  /**
   * Starts it in its former role. Refused if it was the primary and another region is now: see `rejoin` and
   * `returnAsIs`.
   */
  start(): Promise<void>;
  /** Starts it in its former role, even as a primary that was failed over: it accepts writes on its old timeline. */
  returnAsIs(): Promise<void>;
  /**
   * Promotes it to primary. Standbys of other primaries then follow it, unless `follow` is false. If another program
   * has promoted it already, the lab learns that it is the primary.
   */
  promote(options?: { readonly follow?: boolean }): Promise<Promotion>;
  /** Deletes its data and makes it a standby of `of`, from a fresh copy. @default the lab's primary */
  rejoin(options?: { readonly of?: Name }): Promise<void>;
  /**
   * Makes a standby stream from `of` with the data it has. `of` may be a standby itself. Resolves when it no longer
   * receives from its former upstream. A standby that is down, frozen or paused switches when it continues.
   */
  follow(options: { readonly of: Name }): Promise<void>;
  /** Pauses replay. WAL is still received, but reads do not see newer data. */
  pauseReplay(): Promise<void>;
  resumeReplay(): Promise<void>;
  /** Stops the whole server (SIGSTOP). Connections stay open, the kernel accepts new ones, and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;

  /**
   * Blocks all traffic and closes nothing until `heal`; then the blocked data arrives. With `from`, clients and the
   * standby in that region cannot reach this database; the other direction still works. Without it, this region is cut
   * off from all others in both directions; its own clients still reach it.
   */
  partition(from?: Name): Promise<void>;
  /**
   * Delivers what clients send, and the server executes it. The answers are held until `heal`. Without `from` this
   * includes its own clients.
   */
  mute(from?: Name): Promise<void>;
  /**
   * Drops all traffic, like a black hole. As `partition`, but it includes its own clients, and affected connections
   * stay silent even after `heal`.
   */
  drop(from?: Name): Promise<void>;
  /** Resets (RST) the existing connections. New ones work. */
  reset(from?: Name): Promise<void>;
  /** Adds `ms` to the round trip, also for its own clients. 0 removes it. A second call replaces the first. */
  latency(ms: number, from?: Name): Promise<void>;
  /**
   * Ends `partition`, `mute` and `drop`: for clients in `from`, or for all paths to and from this region. `latency`
   * stays.
   */
  heal(from?: Name): Promise<void>;
}
