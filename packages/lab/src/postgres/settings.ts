/** A value of postgresql.conf. The lab quotes strings. */
export type Setting = string | number | boolean;
export type Settings = Readonly<Record<string, Setting>>;

/** The settings of every server of a lab: small, fast, temporary, and with short timeouts. */
export function baseSettings(version: number): Settings {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '32MB',
    // Use no resource outside the data directory that a killed server would leave behind.
    dynamic_shared_memory_type: 'mmap',
    fsync: false,
    wal_level: 'replica',
    hot_standby: true,
    max_wal_senders: 16,
    max_replication_slots: 16,
    wal_keep_size: '1GB',
    // The default of 5 s would delay every standby that follows a promotion.
    wal_retrieve_retry_interval: '100ms',
    wal_sender_timeout: '3s',
    wal_receiver_timeout: '3s',
    wal_receiver_status_interval: '1s',
    log_line_prefix: '%m [%p] ',
    ...(version >= 18 && { io_method: 'sync' }),
  };
}

/** Formats the settings for postgresql.conf. In a quoted string a backslash escapes, and each setting is one line. */
export function formatSettings(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? quote(value) : String(value)}\n`)
    .join('');
}

const ESCAPES: Readonly<Record<string, string>> = { "'": "''", '\\': '\\\\', '\n': '\\n', '\r': '\\r' };
const quote = (value: string): string => `'${value.replace(/['\\\n\r]/g, (special) => ESCAPES[special] as string)}'`;
