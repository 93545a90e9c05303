import type { MemoryResult } from './pg-mem.ts';

/** One message of a client: its type, and its bytes without type and length. */
export interface ClientMessage {
  readonly type: string;
  readonly body: Buffer;
}

/** Splits the bytes of a client into messages. The first message of a connection has no type. */
export function createMessageReader(): (bytes: Buffer) => readonly ClientMessage[] {
  let rest: Buffer = Buffer.alloc(0);
  let isStarted = false;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const messages: ClientMessage[] = [];
    for (;;) {
      const head = isStarted ? 1 : 0;
      if (rest.length < head + 4) return messages;
      const end = head + rest.readInt32BE(head);
      if (rest.length < end) return messages;
      messages.push({
        type: isStarted ? String.fromCharCode(rest[0] as number) : '',
        body: rest.subarray(head + 4, end),
      });
      rest = rest.subarray(end);
      isStarted = true;
    }
  };
}

/** Reads the parts of one message. */
export function createBodyReader(body: Buffer): {
  text(): string;
  int16(): number;
  int32(): number;
  bytes(length: number): Buffer;
} {
  let at = 0;
  const bytes = (length: number): Buffer => {
    at += length;
    return body.subarray(at - length, at);
  };
  return {
    text: () => {
      const end = body.indexOf(0, at);
      const text = body.toString('utf8', at, end);
      at = end + 1;
      return text;
    },
    int16: () => bytes(2).readInt16BE(),
    int32: () => bytes(4).readInt32BE(),
    bytes,
  };
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const message = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
export const serverMessage = {
  authenticationOk: (): Buffer => message('R', int32(0)),
  backendKey: (processId: number): Buffer => message('K', int32(processId), int32(0)),
  parameterStatus: (name: string, value: string): Buffer => message('S', text(name), text(value)),
  ready: (status: 'I' | 'T' | 'E'): Buffer => message('Z', Buffer.from(status)),
  parseComplete: (): Buffer => message('1'),
  bindComplete: (): Buffer => message('2'),
  closeComplete: (): Buffer => message('3'),
  noData: (): Buffer => message('n'),
  emptyQuery: (): Buffer => message('I'),
  portalSuspended: (): Buffer => message('s'),
  commandComplete: (tag: string): Buffer => message('C', text(tag)),
  error: (error: { readonly code: string; readonly message: string; readonly detail?: string | undefined }): Buffer =>
    message(
      'E',
      ...[
        ['S', 'ERROR'],
        ['V', 'ERROR'],
        ['C', error.code],
        ['M', error.message],
        ['D', error.detail ?? ''],
      ]
        .filter(([, value]) => value !== '')
        .flatMap(([field, value]) => [Buffer.from(field as string), text(value as string)]),
      Buffer.from('\0'),
    ),
  rowDescription: ({ fields, rows }: MemoryResult): Buffer =>
    message(
      'T',
      int16(fields.length),
      ...fields.flatMap(({ name, type }) => [
        text(name === 'column' ? '?column?' : name),
        int32(0),
        int16(0),
        int32(type === 'array' ? arrayOid(rows.find((row) => row[name] != null)?.[name]) : (OIDS[type] ?? 25)),
        int16(-1),
        int32(-1),
        int16(0),
      ]),
    ),
  dataRow: ({ fields }: MemoryResult, row: Readonly<Record<string, unknown>>): Buffer =>
    message(
      'D',
      int16(fields.length),
      ...fields.flatMap(({ name, type }) => {
        const value = row[name];
        if (value === null || value === undefined) return [int32(-1)];
        const bytes = Buffer.from(shown(value, type));
        return [int32(bytes.length), bytes];
      }),
    ),
} as const;

const OIDS: Readonly<Record<string, number>> = {
  bool: 16,
  bytea: 17,
  bigint: 20,
  integer: 23,
  json: 114,
  float: 701,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  decimal: 1700,
  uuid: 2950,
  jsonb: 3802,
};

function arrayOid(value: unknown): number {
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  return typeof first === 'number' ? 1007 : typeof first === 'boolean' ? 1000 : 1009;
}

/** A value as PostgreSQL writes it in the text format. */
function shown(value: unknown, type: string): string {
  if (value instanceof Date) {
    const iso = value.toISOString();
    if (type === 'date') return iso.slice(0, 10);
    return `${iso.slice(0, 23).replace('T', ' ')}${type === 'timestamptz' ? '+00' : ''}`;
  }
  // pg-mem keeps the text of a bytea.
  if (Buffer.isBuffer(value))
    return value.toString('latin1', 0, 2) === '\\x' ? `${value}` : `\\x${value.toString('hex')}`;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (type === 'json' || type === 'jsonb') return JSON.stringify(value);
  if (Array.isArray(value)) return element(value);
  if (type === 'interval') return interval(value as Readonly<Record<string, number>>);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return `{${value.map(element).join(',')}}`;
  return typeof value === 'number' ? String(value) : `"${shown(value, '').replace(/[\\"]/g, '\\$&')}"`;
}

function interval({ years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 }): string {
  return `${years} years ${months} mons ${days} days ${hours}:${minutes}:${seconds + milliseconds / 1000}`;
}
