import { boolean, list, nullable, number, object, record, type Shape, text } from './shape.ts';

/**
 * What one statement tells of a server. The role needs `pg_monitor`; without it some facts are null. Texts come from
 * the server: a renderer makes them plain before it prints them. `primary_conninfo` and `restore_command` are not asked
 * for: they may hold a password.
 */
export interface NodeFacts {
  /** `server_version_num`: 180004. */
  readonly version: number;
  readonly system: string;
  readonly inRecovery: boolean;
  /** The server's clock at the statement, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly startedMs: number;
  readonly timeline: number;
  /** By name, in the unit of the setting (`pg_settings`). */
  readonly settings: Readonly<Record<string, string>>;
  readonly pendingRestart: readonly string[];
  readonly role: { readonly name: string; readonly monitor: boolean };
  /** The position in bytes from the start of the WAL: written on a primary; received and replayed on a standby. */
  readonly position: {
    readonly writtenBytes: number | null;
    readonly receivedBytes: number | null;
    readonly replayedBytes: number | null;
  };
  readonly replayPaused: boolean | null;
  /** Whether a `restore_command` reads WAL from an archive. */
  readonly restores: boolean;
  /** Whether `archive_mode` is on and the last attempt failed. */
  readonly archiveFails: boolean;
  /** The standbys that stream from it. */
  readonly senders: readonly Sender[];
  /** What it streams from, on a standby. */
  readonly receiver: {
    readonly status: string | null;
    readonly timeline: number | null;
    readonly silentMs: number | null;
  } | null;
  readonly slots: readonly Slot[];
  readonly connections: {
    readonly used: number;
    /** Age of the oldest transaction that waits for its client. */
    readonly oldestIdleMs: number | null;
    /** Age of the oldest prepared transaction. */
    readonly oldestPreparedMs: number | null;
  };
  /** Of the database and of the collations that an index uses. A version is null where the provider has none. */
  readonly collations: readonly Collation[];
  readonly extensions: readonly Extension[];
  /** Whether the server's own configuration has `default_transaction_read_only` on. */
  readonly readOnlyByServer: boolean;
  /** Of roles and databases (`pg_db_role_setting`): who has `default_transaction_read_only` on. */
  readonly readOnlyFor: readonly { readonly role: string | null; readonly database: string | null }[];
  readonly tablesWithoutKey: readonly string[];
  readonly unloggedTables: readonly string[];
  /** What a tail keeper has in the database of the connection string. Null: its functions are not installed. */
  readonly tail: Tail | null;
  /** Null: of a standby, or the role may not read it. */
  readonly promotions: Promotions | null;
}

/** The times are those of the server's clock, in milliseconds since 1970. */
export interface Tail {
  /** The name that its slot has. */
  readonly slot: string;
  readonly database: string;
  readonly exists: boolean;
  /** Of the plugin, the database and the kind that a keeper makes. */
  readonly usable: boolean;
  /** The server has removed its WAL, or has invalidated it. */
  readonly lost: boolean;
  readonly heldBytes: number | null;
  /** When a keeper ticked last. Null: there was none since the slot was made, or since a crash of the server. */
  readonly tickedMs: number | null;
  /** Whether the owner of the functions has the right that `tickedMs` needs. */
  readonly showsTicks: boolean;
  /** Whether the server is a primary, and the role may read what keepers have recorded. */
  readonly readable: boolean;
}

/** What keepers have recorded. */
export interface Promotions {
  readonly recorded: readonly {
    readonly timeline: number;
    /** Whether the promotion was recorded: its first transaction, and the fork if it was known. */
    readonly isFull: boolean;
    readonly hasFork: boolean;
    /** Whether a keeper has dropped the slot on it. */
    readonly wasDropped: boolean;
    /** The options of a keeper: `maxHeldBytes`, and within which time it ticks again. */
    readonly maxHeldBytes: number | null;
    readonly dueMs: number | null;
  }[];
  /** The timeline of the last checkpoint: until a promotion is followed by one, its fork is not recorded. */
  readonly checkpointed: number;
}

export interface Sender {
  readonly name: string;
  readonly state: string | null;
  readonly sync: string | null;
  readonly behindBytes: number | null;
}

export interface Slot {
  readonly name: string;
  readonly physical: boolean;
  readonly active: boolean;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly status: string | null;
  /** Why it was invalidated, such as `rows_removed`. PostgreSQL 17 and later. */
  readonly reason: string | null;
  readonly heldBytes: number | null;
}

export interface Collation {
  readonly name: string;
  readonly recorded: string | null;
  readonly actual: string | null;
}

export interface Extension {
  readonly name: string;
  readonly version: string;
  /** Whether the files of this version are on this server. */
  readonly available: boolean;
  /** The version that `CREATE EXTENSION` would take from this server's files. */
  readonly newest: string | null;
}

/** What a server must answer: everything else is refused as a whole. */
export const FACTS_SHAPE: Shape<NodeFacts> = object({
  version: number,
  system: text,
  inRecovery: boolean,
  nowMs: number,
  startedMs: number,
  timeline: number,
  settings: record(text),
  pendingRestart: list(text),
  role: object({ name: text, monitor: boolean }),
  position: object({
    writtenBytes: nullable(number),
    receivedBytes: nullable(number),
    replayedBytes: nullable(number),
  }),
  replayPaused: nullable(boolean),
  restores: boolean,
  archiveFails: boolean,
  senders: list(object({ name: text, state: nullable(text), sync: nullable(text), behindBytes: nullable(number) })),
  receiver: nullable(object({ status: nullable(text), timeline: nullable(number), silentMs: nullable(number) })),
  slots: list(
    object({
      name: text,
      physical: boolean,
      active: boolean,
      status: nullable(text),
      reason: nullable(text),
      heldBytes: nullable(number),
    }),
  ),
  connections: object({
    used: number,
    oldestIdleMs: nullable(number),
    oldestPreparedMs: nullable(number),
  }),
  collations: list(object({ name: text, recorded: nullable(text), actual: nullable(text) })),
  extensions: list(object({ name: text, version: text, available: boolean, newest: nullable(text) })),
  readOnlyByServer: boolean,
  readOnlyFor: list(object({ role: nullable(text), database: nullable(text) })),
  tablesWithoutKey: list(text),
  unloggedTables: list(text),
  tail: nullable(
    object({
      slot: text,
      database: text,
      exists: boolean,
      usable: boolean,
      lost: boolean,
      heldBytes: nullable(number),
      tickedMs: nullable(number),
      showsTicks: boolean,
      readable: boolean,
    }),
  ),
  promotions: nullable(
    object({
      recorded: list(
        object({
          timeline: number,
          isFull: boolean,
          hasFork: boolean,
          wasDropped: boolean,
          maxHeldBytes: nullable(number),
          dueMs: nullable(number),
        }),
      ),
      checkpointed: number,
    }),
  ),
});
