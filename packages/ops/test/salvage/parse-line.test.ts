import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecodedLine, Tuple } from '../../src/salvage/decode/change.ts';
import { DecodeError, parseLine } from '../../src/salvage/decode/parse-line.ts';

type Change = Extract<DecodedLine, { kind: 'change' }>;

/** A value with its type, as test_decoding writes both. */
interface Printed {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  /** What the parser must return. Undefined: unchanged. */
  readonly value: string | null | undefined;
}

const quoteIdentifier = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** Texts that look like parts of the format. */
const ODD = [
  "'",
  "''",
  '"',
  '\\',
  ' ',
  '\n',
  '\r',
  '\t',
  ']',
  ']:',
  '[integer]:',
  'null',
  'unchanged-toast-datum',
  'new-tuple: ',
  'old-key: ',
  '(no-tuple-data)',
  "B'1'",
  'table public.t: INSERT:',
  'COMMIT 1',
  ': ',
  ', ',
  '.',
  '$1',
  ';',
  '--',
  '/*',
  '\u0001',
  '\u2028',
  'ß',
  '漢',
  '😀',
];
const odd = fc
  .array(fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'grapheme', maxLength: 3 })), { maxLength: 6 })
  .map((parts) => parts.join(''));
const name = fc.oneof(
  fc.constantFrom('id', 'a_1', '_', 'select'),
  odd.filter((text) => text !== ''),
);
const bare = fc.constantFrom(
  ...([
    ['integer', '-7'],
    ['bigint', '9223372036854775807'],
    ['numeric', 'NaN'],
    ['numeric', '-Infinity'],
    ['numeric', '1.50'],
    ['double precision', '1e-07'],
    ['real', 'Infinity'],
    ['oid', '4294967295'],
  ] as const),
);
const typeName = fc.oneof(
  fc.constantFrom('text', 'text[]', 'timestamp with time zone', '"char"', 'jsonb', 'bytea', 'public.mood', 'int4range'),
  fc.tuple(name, name).map(([schema, type]) => `"${schema.replaceAll('"', '""')}"."${type.replaceAll('"', '""')}"`),
);
const value: fc.Arbitrary<Omit<Printed, 'name'>> = fc.oneof(
  bare.map(([type, text]) => ({ type, text, value: text })),
  fc.boolean().map((yes) => ({ type: 'boolean', text: String(yes), value: yes ? 't' : 'f' })),
  fc.tuple(typeName, odd).map(([type, text]) => ({ type, text: `'${text.replaceAll("'", "''")}'`, value: text })),
  fc.stringMatching(/^[01]{0,9}$/).map((bits) => ({ type: 'bit varying', text: `B'${bits}'`, value: bits })),
  typeName.map((type) => ({ type, text: 'null', value: null })),
  typeName.map((type) => ({ type, text: 'unchanged-toast-datum', value: undefined })),
);
const columns = fc.uniqueArray(
  fc.tuple(name, value).map(([one, rest]): Printed => ({ name: one, ...rest })),
  {
    selector: (one) => one.name,
    maxLength: 5,
  },
);

const print = (tuple: readonly Printed[]): string =>
  tuple.map(({ name: one, type, text }) => ` ${quoteIdentifier(one)}[${type}]:${text}`).join('');

const tupleOf = (tuple: readonly Printed[]): Tuple => ({
  fields: tuple.flatMap(({ name: one, value: text }) => (text === undefined ? [] : [[one, text] as const])),
  unchanged: tuple.flatMap(({ name: one, value: text }) => (text === undefined ? [one] : [])),
});

const table = fc.record({ schema: name, name });
const printTable = ({ schema, name: one }: { readonly schema: string; readonly name: string }): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(one)}`;

const RUNS = { numRuns: process.env['REGIONKIT_WHOLE'] === '1' ? 20_000 : 500 };

describe('parseLine()', () => {
  it('reads back every INSERT, whatever its names, types and values contain', () => {
    fc.assert(
      fc.property(table, columns, (where, row) => {
        const expected: Change = {
          kind: 'change',
          operation: 'INSERT',
          table: where,
          before: undefined,
          after: tupleOf(row),
        };
        expect(parseLine(`table ${printTable(where)}: INSERT:${print(row)}`)).toEqual(expected);
      }),
      RUNS,
    );
  });

  it('reads back every UPDATE, with and without an old key', () => {
    fc.assert(
      fc.property(table, fc.option(columns, { nil: undefined }), columns, (where, old, row) => {
        const before = old === undefined ? '' : ` old-key:${print(old)} new-tuple:`;
        const change = parseLine(
          `table ${printTable(where)}: UPDATE:${before}${print(row.length === 0 ? FILLER : row)}`,
        );
        expect(change).toEqual({
          kind: 'change',
          operation: 'UPDATE',
          table: where,
          before: old && tupleOf(old),
          after: tupleOf(row.length === 0 ? FILLER : row),
        });
      }),
      RUNS,
    );
  });

  it('reads back every DELETE and TRUNCATE', () => {
    fc.assert(
      fc.property(table, columns, fc.array(table, { minLength: 1, maxLength: 3 }), (where, key, tables) => {
        const change = parseLine(`table ${printTable(where)}: DELETE:${print(key)}`);
        expect(change).toEqual({
          kind: 'change',
          operation: 'DELETE',
          table: where,
          before: tupleOf(key),
          after: undefined,
        });
        const truncate = parseLine(`table ${tables.map(printTable).join(', ')}: TRUNCATE: restart_seqs cascade`);
        expect(truncate).toEqual({ kind: 'truncate', tables, flags: 'restart_seqs cascade' });
      }),
      RUNS,
    );
  });

  it('reads a damaged text as something else or refuses it, and never fails in another way', () => {
    const damaged = fc.tuple(table, columns, fc.nat(), fc.constantFrom(...ODD, '')).map(([where, row, at, piece]) => {
      const text = `table ${printTable(where)}: UPDATE: old-key:${print(row)} new-tuple:${print(row)}`;
      return `${text.slice(0, at % text.length)}${piece}${text.slice((at % text.length) + 1)}`;
    });
    fc.assert(
      fc.property(
        fc.oneof(
          damaged,
          odd,
          odd.map((text) => `table ${text}`),
        ),
        (text) => {
          try {
            parseLine(text);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
            // The message says where, and shows nothing of the data.
            expect((error as Error).message).toMatch(
              /^the output of test_decoding could not be read: [a-z "(:'[\].,-]+ at character \d+$/,
            );
          }
        },
      ),
      RUNS,
    );
  });

  it.each([
    ['BEGIN 766', { kind: 'begin' }],
    ['COMMIT 766 (at 2026-11-29 19:03:34.285006+00)', { kind: 'commit', at: '2026-11-29 19:03:34.285006+00' }],
    ['COMMIT 766', { kind: 'commit', at: undefined }],
    [
      'message: transactional: 1 prefix: a, sz: 9, sz: 12 content:COMMIT 1\nxyz',
      { kind: 'message', isTransactional: true, prefix: 'a, sz: 9', bytes: 12 },
    ],
    [
      'table public.t: INSERT: (no-tuple-data)',
      {
        kind: 'change',
        operation: 'INSERT',
        table: { schema: 'public', name: 't' },
        before: undefined,
        after: undefined,
      },
    ],
    [
      'table public.t: TRUNCATE: (no-flags)',
      { kind: 'truncate', tables: [{ schema: 'public', name: 't' }], flags: '(no-flags)' },
    ],
  ])('reads %j', (text, expected) => {
    expect(parseLine(text)).toEqual(expected);
  });

  it.each([
    '',
    'PREPARE TRANSACTION',
    'COMMIT PREPARED',
    'table public.t: MERGE: a[integer]:1',
    'opening a streamed block',
  ])('refuses %j: it is no row that we understand', (text) => {
    expect(() => parseLine(text)).toThrow(DecodeError);
  });

  it('takes a time that grows with the length of the text, not with its square', () => {
    const long = "''".repeat(1_000_000);
    const change = parseLine(`table public.t: INSERT: a[text]:'${long}'`) as Change;
    expect(change.after?.fields[0]?.[1]).toBe("'".repeat(1_000_000));
  });
});

const FILLER: readonly Printed[] = [{ name: 'a', type: 'integer', text: '1', value: '1' }];
