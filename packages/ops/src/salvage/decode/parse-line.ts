import { type DecodedLine, EMPTY, type Operation, type TableName, type Tuple } from './change.ts';

/** A text that test_decoding does not write. The message has our own words and the place in the text, never the text. */
export class DecodeError extends Error {
  constructor(what: string, at: number) {
    super(`the output of test_decoding could not be read: ${what} at character ${at}`);
    this.name = 'DecodeError';
  }
}

/**
 * Reads one row of test_decoding. Pure. Values stay in their quotes: no value can look like a name, a type or another
 * value, whatever it contains.
 *
 * The format is that of `contrib/test_decoding` of PostgreSQL 15 to 18:
 *
 *     table public.orders: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 note[text]:'it''s'
 *
 * @throws {DecodeError}
 */
export function parseLine(text: string): DecodedLine {
  if (text.startsWith('table ')) return new Reader(text).change();
  if (/^BEGIN(?: \d+)?$/.test(text)) return { kind: 'begin' };
  const commit = /^COMMIT(?: \d+)?(?: \(at ([^()]+)\))?$/.exec(text);
  if (commit !== null) return { kind: 'commit', at: commit[1] };
  // The content may be anything. It is not needed: only its size is.
  const message = /^message: transactional: ([01]) prefix: (.*?), sz: (\d+) content:/s.exec(text);
  if (message !== null) {
    const [, transactional, prefix = '', bytes] = message;
    return { kind: 'message', isTransactional: transactional === '1', prefix, bytes: Number(bytes) };
  }
  throw new DecodeError('a row of an unknown kind', 0);
}

const OPERATIONS: readonly string[] = ['INSERT', 'UPDATE', 'DELETE'] satisfies Operation[];
const BARE_NAME = /[a-z_][a-z0-9_]*/y;
const BARE_VALUE = /[^ ']+/y;
const NO_TUPLE = '(no-tuple-data)';
const UNCHANGED = 'unchanged-toast-datum';

class Reader {
  readonly #text: string;
  #at = 'table '.length;

  constructor(text: string) {
    this.#text = text;
  }

  change(): DecodedLine {
    const tables = [this.#table()];
    while (this.#skip(', ')) tables.push(this.#table());
    this.#expect(': ');
    const [, word = ''] = /^([A-Z]+):/.exec(this.#text.slice(this.#at, this.#at + 10)) ?? [];
    this.#at += word.length + 1;
    const isEmpty = this.#at === this.#text.length;
    if (!isEmpty) this.#expect(' ');
    if (word === 'TRUNCATE') return { kind: 'truncate', tables, flags: this.#text.slice(this.#at) };
    const [table] = tables;
    if (!OPERATIONS.includes(word) || table === undefined || tables.length > 1) throw this.#error('no operation');
    const operation = word as Operation;
    if (this.#text.startsWith(NO_TUPLE, this.#at)) {
      this.#at += NO_TUPLE.length;
      this.#end();
      return { kind: 'change', operation, table, before: undefined, after: undefined };
    }
    const before = this.#skip('old-key: ') ? this.#tuple() : undefined;
    if (before !== undefined) this.#expect('new-tuple: ');
    const tuple = this.#tuple();
    this.#end();
    if (operation === 'DELETE') return { kind: 'change', operation, table, before: tuple, after: undefined };
    return { kind: 'change', operation, table, before, after: tuple };
  }

  #table(): TableName {
    const schema = this.#name();
    this.#expect('.');
    return { schema, name: this.#name() };
  }

  /** A name is in quotes unless it is made of small ASCII letters, digits and `_`, and is no keyword. */
  #name(): string {
    if (this.#text[this.#at] === '"') return this.#quoted('"');
    return this.#match(BARE_NAME, 'no name');
  }

  #tuple(): Tuple {
    const fields: [string, string | null][] = [];
    const unchanged: string[] = [];
    while (this.#at < this.#text.length && !this.#text.startsWith('new-tuple: ', this.#at)) {
      const column = this.#name();
      const type = this.#type();
      const value = this.#value(type);
      if (value === undefined) unchanged.push(column);
      else fields.push([column, value]);
      if (this.#at < this.#text.length) this.#expect(' ');
    }
    return fields.length === 0 && unchanged.length === 0 ? EMPTY : { fields, unchanged };
  }

  /** `[integer]:` A name of a type may be in quotes, and contain brackets inside of them. */
  #type(): string {
    this.#expect('[');
    const start = this.#at;
    let isQuoted = false;
    for (; this.#at < this.#text.length; this.#at += 1) {
      if (this.#text[this.#at] === '"') isQuoted = !isQuoted;
      else if (!isQuoted && this.#text.startsWith(']:', this.#at)) {
        const type = this.#text.slice(start, this.#at);
        this.#at += 2;
        return type;
      }
    }
    throw this.#error('a type without an end');
  }

  /** Undefined: unchanged. */
  #value(type: string): string | null | undefined {
    if (this.#text[this.#at] === "'") return this.#quoted("'");
    if (this.#skip("B'")) {
      this.#at -= 1;
      return this.#quoted("'");
    }
    const bare = this.#match(BARE_VALUE, 'no value');
    if (bare === 'null') return null;
    if (bare === UNCHANGED) return undefined;
    // The only type that test_decoding does not write as its output function does.
    if (type === 'boolean') return bare === 'true' ? 't' : 'f';
    return bare;
  }

  /** Up to the quote that is not doubled. */
  #quoted(quote: '"' | "'"): string {
    let out = '';
    let from = this.#at + 1;
    for (;;) {
      const end = this.#text.indexOf(quote, from);
      if (end === -1) throw this.#error('a quote without an end');
      out += this.#text.slice(from, end);
      if (this.#text[end + 1] !== quote) {
        this.#at = end + 1;
        return out;
      }
      out += quote;
      from = end + 2;
    }
  }

  #match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw this.#error(what);
    this.#at += found.length;
    return found;
  }

  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) throw this.#error(`no ${JSON.stringify(text)}`);
  }

  #end(): void {
    if (this.#at !== this.#text.length) throw this.#error('more than a row');
  }

  #error(what: string): DecodeError {
    return new DecodeError(what, this.#at);
  }
}
