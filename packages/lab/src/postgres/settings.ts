/** A value of postgresql.conf; strings are quoted by the lab. */
export type Setting = string | number | boolean;
export type Settings = Readonly<Record<string, Setting>>;

/** What every server of a lab runs with: small, fast, throw-away, and quick to notice and to retry. */
export function baseSettings(version: number): Settings {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '32MB',
    // Nothing that a killed server would leave behind outside its directory.
    dynamic_shared_memory_type: 'mmap',
    fsync: false,
    wal_level: 'replica',
    hot_standby: true,
    max_wal_senders: 16,
    max_replication_slots: 16,
    wal_keep_size: '1GB',
    // 5 s by default: a promotion would take as long for whoever follows.
    wal_retrieve_retry_interval: '100ms',
    wal_sender_timeout: '3s',
    wal_receiver_timeout: '3s',
    wal_receiver_status_interval: '1s',
    log_line_prefix: '%m [%p] ',
    ...(version >= 18 && { io_method: 'sync' }),
  };
}

/** As postgresql.conf reads it: in a quoted string a backslash escapes, and a line is a line. */
export function formatSettings(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? quote(value) : String(value)}\n`)
    .join('');
}

const ESCAPES: Readonly<Record<string, string>> = { "'": "''", '\\': '\\\\', '\n': '\\n', '\r': '\\r' };
const quote = (value: string): string => `'${value.replace(/['\\\n\r]/g, (special) => ESCAPES[special] as string)}'`;
