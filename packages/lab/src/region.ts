import type pg from 'pg';

/** What a promotion made: the new timeline, and the position at which it left the old one. */
export interface Promotion {
  readonly timeline: number;
  /** Everything at or below it on the parent timeline is kept; what the old primary wrote beyond it is not. */
  readonly fork: string;
}

export interface LabPoolOptions<Name extends string = string> extends pg.PoolConfig {
  /** The region the client is in. @default the database's own */
  readonly from?: Name | undefined;
}

/** One region: its PostgreSQL, the ways that lead to it, and everything that can go wrong with either. */
export interface LabRegion<Name extends string = string> {
  readonly name: Name;
  /** What its server believes to be, or believed when it went down. After a failover two may say `primary`. */
  readonly role: 'primary' | 'standby';
  readonly status: 'up' | 'frozen' | 'down';
  /** Where clients of its own region reach it. Stays the same while the lab lives. */
  readonly port: number;
  /** For clients in its own region: role and database `app`, no superuser. */
  readonly connectionString: string;
  /** The superuser, straight to the server: no fault of the network is in its way. Read it anew after a start. */
  readonly adminConnectionString: string;
  /** For clients in region `from`: that pair's round trip and faults are in its way. */
  connectionStringFrom(from: Name): string;
  /** A pool of clients, ended with the lab. Errors of its connections are swallowed; those of its queries are not. */
  pool(options?: LabPoolOptions<Name>): pg.Pool;
  /** Runs SQL as the superuser in the database `app`, past every fault of the network. The role `app` may use what it creates. */
  // biome-ignore lint/suspicious/noExplicitAny: as in pg: what a row holds is the SQL's business.
  query<Row extends pg.QueryResultRow = any>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The timeline it writes, or receives. */
  timeline(): Promise<number>;
  /** The position it has written, or replayed: `0/3000148`. */
  position(): Promise<string>;
  /** The last lines of its server's log. */
  logs(lines?: number): string;

  /** SIGKILL to the whole server: nothing is written, said or closed by it any more. Clients are then refused. */
  kill(): Promise<void>;
  /** A clean, fast shutdown; connected standbys get everything first. */
  stop(): Promise<void>;
  /** Starts it as what it was. Refused if it was the primary and another is now: see `rejoin` and `returnAsIs`. */
  start(): Promise<void>;
  /** Starts it as what it was, even if that is a primary that was failed over: it will take writes on its old timeline. */
  returnAsIs(): Promise<void>;
  /** Makes it the primary. Standbys of another primary follow it from now on, unless `follow` is false. */
  promote(options?: { readonly follow?: boolean }): Promise<Promotion>;
  /** Throws its data away and makes it a standby of `of`, from a fresh copy. @default the lab's primary */
  rejoin(options?: { readonly of?: Name }): Promise<void>;
  /**
   * Lets a standby stream from `of` from now on, with the data it has; `of` may be a standby itself. Resolves when it
   * hears its former upstream no more. One that is down or frozen, or whose replay is paused, takes it up when it goes on.
   */
  follow(options: { readonly of: Name }): Promise<void>;
  /** WAL is still received, but not replayed: reads here grow old. */
  pauseReplay(): Promise<void>;
  resumeReplay(): Promise<void>;
  /** SIGSTOP to the whole server: connections stay open, new ones are accepted by the kernel, nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;

  /**
   * Nothing gets through and nothing is closed, until `heal`; then what was sent arrives. With `from`, clients and the
   * standby in that region lose sight of this database (not the other way round). Without, this region is cut off from
   * all others both ways; its own clients still reach it.
   */
  partition(from?: Name): Promise<void>;
  /** What clients send arrives and is done; the answers do not come back before `heal`. Its own clients too, without `from`. */
  mute(from?: Name): Promise<void>;
  /** A black hole: as a partition, for its own clients too, and connections that met it stay silent even after `heal`. */
  drop(from?: Name): Promise<void>;
  /** Resets (RST) the connections there are. New ones work. */
  reset(from?: Name): Promise<void>;
  /** Adds `ms` to the round trip, for its own clients too; 0 takes it away. Does not add up. */
  latency(ms: number, from?: Name): Promise<void>;
  /** Ends `partition`, `mute` and `drop`: of clients in `from`, or of all ways to and from this region. Leaves `latency`. */
  heal(from?: Name): Promise<void>;
}
