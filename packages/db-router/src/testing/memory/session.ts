import { formatLsn } from '../../history/lsn.ts';
import { postgresReadings } from '../../topology/readings.ts';
import { type MemoryNode, positionOf, probeRow, STEP, sendersOf } from './node.ts';
import type { MemoryBackup, MemoryDb, MemoryResult } from './pg-mem.ts';
import type { MemoryStore } from './store.ts';

/** What all servers in memory share. */
export interface MemoryCluster {
  readonly db: MemoryDb;
  readonly store: MemoryStore;
  readonly nodes: ReadonlyMap<string, MemoryNode>;
  /** How long a write waits for the transaction of another session, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** The node and the session whose statement pg-mem runs. Its functions read this. */
  running: { readonly node: MemoryNode; readonly processId: number } | undefined;
}

/** An error with the code of PostgreSQL. */
export class MemoryServerError extends Error {
  readonly code: string;
  readonly detail: string | undefined;
  constructor(code: string, message: string, detail?: string) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

/** The transactions of one connection. */
export interface MemorySession {
  readonly status: 'I' | 'T' | 'E';
  /** Runs one statement. */
  run(sql: string): Promise<MemoryResult>;
  /** The end of a query, or a Sync: a transaction without BEGIN ends. */
  settle(hasFailed: boolean): void;
  close(): void;
}

const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g;
const READS = /^\s*(?:select|values|table|show|explain|with|\()/i;
const WRITES = /\b(?:insert|update|delete|merge|truncate|into|nextval|setval)\b/i;
const SESSION_ONLY = /^\s*(?:set|reset|discard|deallocate|lock|listen|unlisten|notify|analyze|vacuum)\b/i;
const READ_ONLY = /\bread\s+only\b/i;
const SETS_READ_ONLY = /\bdefault_transaction_read_only\b\s*(?:to|=|',)\s*'?(on|true|off|false)\b/i;

const ASKS_WHETHER_WRITTEN = /^select\s+(?:pg_catalog\.)?pg_current_xact_id_if_assigned\(\)$/i;

const empty = (command: string): MemoryResult => ({ command, rowCount: 0, fields: [], rows: [] });
const answer = (row: Readonly<Record<string, string | null>>): MemoryResult => ({
  command: 'SELECT',
  rowCount: 1,
  fields: Object.keys(row).map((name) => ({ name, type: 'text' })),
  rows: [row],
});

export function createMemorySession(cluster: MemoryCluster, node: MemoryNode, processId: number): MemorySession {
  const { db, store, nodes } = cluster;
  let status: 'I' | 'T' | 'E' = 'I';
  let isReadOnly = false;
  let isReadOnlySession = false;
  const savepoints = new Map<string, MemoryBackup | undefined>();
  const self = {};
  const isWriter = (): boolean => node.writer === self;

  const end = (commits: boolean): void => {
    status = 'I';
    isReadOnly = false;
    savepoints.clear();
    if (!isWriter()) return;
    if (commits) store.commit(node.copy);
    else store.rollback(node.copy);
    if (commits) node.ownPosition += STEP;
    node.writer = undefined;
    for (const goOn of node.waiting) goOn();
  };

  const mayWrite = async (sql: string): Promise<void> => {
    if (!node.isPrimary || isReadOnly || (status === 'I' && isReadOnlySession)) {
      const command = /\w+/.exec(sql)?.[0]?.toUpperCase();
      throw new MemoryServerError('25006', `cannot execute ${command} in a read-only transaction`);
    }
    const untilMs = performance.now() + cluster.lockTimeoutMs;
    while (node.writer !== undefined && !isWriter()) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0)
        throw new MemoryServerError(
          '55P03',
          'another transaction is open: in memory, one transaction writes at a time',
        );
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          node.waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, leftMs);
        node.waiting.add(done);
      });
    }
    if (isWriter()) return;
    node.writer = self;
    store.begin(node.copy);
  };

  const inMemory = (sql: string): MemoryResult =>
    store.run(node.copy, isWriter(), () => {
      cluster.running = { node, processId };
      try {
        return db.public.query(sql);
      } catch (error) {
        throw fromPgMem(error);
      } finally {
        cluster.running = undefined;
      }
    });

  /** The queries of the router itself, most of which pg-mem cannot parse. */
  const known = (sql: string): MemoryResult | undefined => {
    if (sql === postgresReadings.sql) return answer(probeRow(node, nodes.values()));
    const position = formatLsn(positionOf(node));
    if (sql === postgresReadings.seenPositionSql) return answer({ position });
    if (sql === postgresReadings.insertPositionSql)
      return answer({ position, senders: String(sendersOf(node, nodes.values())) });
    if (ASKS_WHETHER_WRITTEN.test(sql))
      return answer({ pg_current_xact_id_if_assigned: isWriter() ? String(node.ownPosition) : null });
    const set = SETS_READ_ONLY.exec(sql)?.[1]?.toLowerCase();
    if (set === undefined) return undefined;
    isReadOnlySession = set === 'on' || set === 'true';
    return /^\s*select/i.test(sql) ? answer({ set_config: set }) : empty('SET');
  };

  const savepoint = (sql: string): MemoryResult | undefined => {
    const [, verb = '', name = ''] =
      /^\s*(savepoint|release|rollback)\s+(?:to\s+)?(?:savepoint\s+)?"?(\w+)"?/i.exec(sql) ?? [];
    const command = verb.toUpperCase();
    if (command === '' || (command === 'ROLLBACK' && !/\bto\b/i.test(sql))) return undefined;
    if (status === 'I') throw new MemoryServerError('25P01', `${command} can only be used in transaction blocks`);
    if (command === 'SAVEPOINT') savepoints.set(name, isWriter() ? store.save(node.copy) : undefined);
    else if (!savepoints.has(name)) throw new MemoryServerError('3B001', `savepoint "${name}" does not exist`);
    else if (command === 'RELEASE') savepoints.delete(name);
    else {
      const saved = savepoints.get(name) ?? node.copy.committed;
      if (isWriter() && saved !== undefined) store.back(node.copy, saved);
      status = 'T';
    }
    return empty(command);
  };

  const control = (sql: string): MemoryResult | undefined => {
    const saved = savepoint(sql);
    if (saved !== undefined) return saved;
    if (/^\s*(?:begin|start\s+transaction)\b/i.test(sql)) {
      status = 'T';
      isReadOnly = READ_ONLY.test(sql) || isReadOnlySession;
      return empty('BEGIN');
    }
    if (/^\s*(?:commit|end)\b/i.test(sql)) {
      const commits = status !== 'E';
      end(commits);
      return empty(commits ? 'COMMIT' : 'ROLLBACK');
    }
    if (/^\s*(?:rollback|abort)\b/i.test(sql)) {
      end(false);
      return empty('ROLLBACK');
    }
    return undefined;
  };

  return {
    get status() {
      return status;
    },
    run: async (given) => {
      const sql = given.trim();
      const controlled = control(sql);
      if (controlled !== undefined) return controlled;
      if (status === 'E')
        throw new MemoryServerError(
          '25P02',
          'current transaction is aborted, commands ignored until end of transaction block',
        );
      const own = known(sql);
      if (own !== undefined) return own;
      if (SESSION_ONLY.test(sql)) {
        if (/^\s*set\s+transaction\b/i.test(sql)) isReadOnly = READ_ONLY.test(sql);
        return empty((/\w+/.exec(sql)?.[0] ?? 'SET').toUpperCase());
      }
      const plain = sql.replace(QUOTED, ' ');
      if (!READS.test(plain) || WRITES.test(plain)) await mayWrite(plain);
      return inMemory(sql.replaceAll('pg_catalog.', ''));
    },
    settle: (hasFailed) => {
      if (status === 'T' && hasFailed) status = 'E';
      else if (status === 'I') end(!hasFailed);
    },
    close: () => end(false),
  };
}

/** Only the first line of an error of pg-mem is kept: a page of advice follows it. */
function fromPgMem(error: unknown): MemoryServerError {
  const { code, data, message } = error as Error & { code?: string; data?: { error?: string; details?: string } };
  const [first = ''] = (data?.error ?? message).split('\n');
  const guessed = /^relation .* does not exist/.test(first)
    ? '42P01'
    : /failed to parse/.test(first)
      ? '42601'
      : 'XX000';
  return new MemoryServerError(code ?? guessed, first, data?.details);
}
