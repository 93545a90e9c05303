import { Duplex } from 'node:stream';
import type { MemoryNode } from './node.ts';
import type { MemoryResult } from './pg-mem.ts';
import { createMemorySession, type MemoryCluster, MemoryServerError, type MemorySession } from './session.ts';
import { type ClientMessage, createBodyReader, createMessageReader, serverMessage } from './wire.ts';

interface Portal {
  readonly sql: string;
  /** Known once it was described or executed. */
  result?: MemoryResult;
  sent: number;
}

const STARTUP = 196_608;
/** Statements are divided at semicolons outside quotes and comments. */
const STATEMENTS = /(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|[^;])+/g;
const NOTHING = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/;

/**
 * The socket of a client of node-postgres, and the server at its other end. It speaks the protocol of PostgreSQL, so
 * the client and the router are the real ones.
 */
export class MemorySocket extends Duplex {
  readonly #node: MemoryNode;
  readonly #read = createMessageReader();
  readonly #session: MemorySession;
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, Portal>();
  readonly #processId: number;
  #toldStandby: boolean | undefined;
  #skips = false;

  constructor(cluster: MemoryCluster, node: MemoryNode, processId: number) {
    super();
    this.#node = node;
    this.#processId = processId;
    this.#session = createMemorySession(cluster, node, processId);
  }

  connect(): this {
    process.nextTick(() => {
      if (this.destroyed) return;
      if (!this.#node.isUp) {
        this.destroy(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
        return;
      }
      this.#node.sockets.add(this);
      this.emit('connect');
    });
    return this;
  }

  /** The server was killed: nothing more is executed. */
  reset(): void {
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  // As a socket of node:net.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: unknown, done: (error?: Error) => void): void {
    void this.#receive(bytes).then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#node.sockets.delete(this);
    this.#session.close();
    done(error);
  }

  #send(bytes: Buffer): void {
    if (!this.destroyed) this.push(bytes);
  }

  async #receive(bytes: Buffer): Promise<void> {
    for (const message of this.#read(bytes)) {
      if (this.destroyed) return;
      if (this.#skips && message.type !== 'S') continue;
      try {
        await this.#handle(message);
      } catch (error) {
        this.#fail(error);
        // After an error everything up to the next Sync is ignored.
        if (message.type === 'Q') this.#ready(true);
        else this.#skips = true;
      }
    }
  }

  #fail(error: unknown): void {
    const { code = 'XX000', message, detail } = error as Partial<MemoryServerError> & Error;
    this.#send(serverMessage.error({ code, message, detail }));
  }

  #ready(hasFailed: boolean): void {
    this.#session.settle(hasFailed);
    this.#send(serverMessage.ready(this.#session.status));
  }

  /** PostgreSQL reports a change with the next query. */
  #tellRole(): void {
    const isStandby = !this.#node.isPrimary;
    if (this.#toldStandby === isStandby) return;
    this.#toldStandby = isStandby;
    this.#send(serverMessage.parameterStatus('in_hot_standby', isStandby ? 'on' : 'off'));
  }

  async #handle({ type, body }: ClientMessage): Promise<void> {
    const part = createBodyReader(body);
    switch (type) {
      case '':
        this.#start(part.int32());
        return;
      case 'Q':
        await this.#query(part.text());
        this.#ready(false);
        return;
      case 'P': {
        const name = part.text();
        this.#statements.set(name, part.text());
        this.#send(serverMessage.parseComplete());
        return;
      }
      case 'B':
        this.#bind(part);
        return;
      case 'D':
        await this.#describe(String.fromCharCode(...part.bytes(1)), part.text());
        return;
      case 'E':
        await this.#execute(part.text(), part.int32());
        return;
      case 'C': {
        const closed = String.fromCharCode(...part.bytes(1)) === 'S' ? this.#statements : this.#portals;
        closed.delete(part.text());
        this.#send(serverMessage.closeComplete());
        return;
      }
      case 'S': {
        const hasFailed = this.#skips;
        this.#skips = false;
        this.#tellRole();
        this.#ready(hasFailed);
        return;
      }
      case 'X':
        this.push(null);
        return;
      case 'H':
        return;
      default:
        throw new MemoryServerError('0A000', 'in memory, this kind of query is not supported');
    }
  }

  #start(code: number): void {
    // A request to cancel: a statement in memory has ended by then.
    if (code !== STARTUP) {
      this.push(null);
      return;
    }
    this.#send(serverMessage.authenticationOk());
    for (const [name, value] of Object.entries({ server_version: '18.0', client_encoding: 'UTF8', TimeZone: 'UTC' }))
      this.#send(serverMessage.parameterStatus(name, value));
    this.#tellRole();
    this.#send(serverMessage.backendKey(this.#processId));
    this.#send(serverMessage.ready('I'));
  }

  async #query(text: string): Promise<void> {
    this.#tellRole();
    const statements = (text === '' ? [] : (text.match(STATEMENTS) ?? [])).filter((sql) => !NOTHING.test(sql));
    for (const sql of statements) {
      const result = await this.#session.run(sql);
      if (result.fields.length > 0) this.#send(serverMessage.rowDescription(result));
      for (const row of result.rows) this.#send(serverMessage.dataRow(result, row));
      this.#send(serverMessage.commandComplete(tagOf(result)));
    }
    if (statements.length === 0) this.#send(serverMessage.emptyQuery());
  }

  #bind(part: ReturnType<typeof createBodyReader>): void {
    const portal = part.text();
    const name = part.text();
    const sql = this.#statements.get(name);
    if (sql === undefined) throw new MemoryServerError('26000', `prepared statement "${name}" does not exist`);
    const formats = Array.from({ length: part.int16() }, () => part.int16());
    const values = Array.from({ length: part.int16() }, (_, at) => {
      const length = part.int32();
      if (length < 0) return undefined;
      const bytes = part.bytes(length);
      return (formats[at] ?? formats[0]) === 1 ? `\\x${bytes.toString('hex')}` : bytes.toString('utf8');
    });
    this.#portals.set(portal, { sql: withValues(sql, values), sent: 0 });
    this.#send(serverMessage.bindComplete());
  }

  async #resultOf(name: string): Promise<{ readonly portal: Portal; readonly result: MemoryResult }> {
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new MemoryServerError('34000', `portal "${name}" does not exist`);
    portal.result ??= await this.#session.run(portal.sql.replace(/;\s*$/, ''));
    return { portal, result: portal.result };
  }

  async #describe(kind: string, name: string): Promise<void> {
    if (kind !== 'P') throw new MemoryServerError('0A000', 'in memory, a statement is described by its portal only');
    const { result } = await this.#resultOf(name);
    this.#send(result.fields.length > 0 ? serverMessage.rowDescription(result) : serverMessage.noData());
  }

  async #execute(name: string, maxRows: number): Promise<void> {
    const { portal, result } = await this.#resultOf(name);
    const rows = result.rows.slice(portal.sent, maxRows > 0 ? portal.sent + maxRows : undefined);
    portal.sent += rows.length;
    for (const row of rows) this.#send(serverMessage.dataRow(result, row));
    if (portal.sent < result.rows.length) this.#send(serverMessage.portalSuspended());
    else this.#send(serverMessage.commandComplete(tagOf(result)));
  }
}

function tagOf({ command, rowCount }: MemoryResult): string {
  if (command === 'INSERT') return `INSERT 0 ${rowCount}`;
  return ['SELECT', 'WITH', 'UPDATE', 'DELETE', 'MERGE'].includes(command)
    ? `${command === 'WITH' ? 'SELECT' : command} ${rowCount}`
    : command;
}

/** A value as a literal without a type, as PostgreSQL treats a parameter. pg-mem cannot use an index with a parameter. */
function withValues(sql: string, values: readonly (string | undefined)[]): string {
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\d+)/g, (part, place: string | undefined) => {
    if (place === undefined) return part;
    const value = values[Number(place) - 1];
    return value === undefined ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
  });
}
