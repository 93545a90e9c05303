import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayBreak } from '../../src/salvage/classify/may-break.ts';
import { createMoves } from '../../src/salvage/classify/moves.ts';
import { addToNet, type Net } from '../../src/salvage/classify/net.ts';
import { type CurrentRow, judgeRow } from '../../src/salvage/classify/verdict.ts';
import { decideDoubtful } from '../../src/salvage/completeness/committed.ts';
import { judgeCompleteness } from '../../src/salvage/completeness/completeness.ts';
import { parseCommit } from '../../src/salvage/completeness/wal-commits.ts';
import { DecodeError } from '../../src/salvage/decode/parse-line.ts';
import { failureOf } from '../../src/salvage/failure.ts';
import type { Item, LostChange } from '../../src/salvage/items.ts';
import { isTraced } from '../../src/salvage/output/is-traced.ts';
import { MARK, readRedaction } from '../../src/salvage/output/redaction.ts';
import { reportOf } from '../../src/salvage/output/report.ts';
import type { Summary } from '../../src/salvage/output/summary.ts';
import { writeFiles } from '../../src/salvage/output/write-files.ts';
import { findHeld } from '../../src/salvage/review/held-transactions.ts';
import { createReviewWriter } from '../../src/salvage/review/review-file.ts';
import { settleFirstXid, settleFork } from '../../src/salvage/servers/boundary.ts';
import { findRecorded } from '../../src/salvage/servers/recorded.ts';
import { isQuiet, type ServerFacts } from '../../src/salvage/servers/server-facts.ts';
import { forkOf, parseHistory } from '../../src/salvage/servers/timeline-history.ts';
import { whyRefused } from '../../src/salvage/servers/why-refused.ts';
import { type FirstXid, fullXid, isAfterFork, sideOf, XidSet } from '../../src/salvage/servers/xid.ts';
import { comment, quoteName, quoteValue } from '../../src/salvage/sql-text.ts';
import type { Table } from '../../src/salvage/tables/table.ts';

const NOTHING = { fork: undefined, firstXid: undefined, run: undefined, recorded: undefined };

describe('forkOf()', () => {
  const [a, b, c] = [
    { timeline: 1, leftAt: '0/3000060' },
    { timeline: 1, leftAt: '0/2000000' },
    { timeline: 2, leftAt: '1/0' },
  ];
  it.each([
    ['the child of the old timeline', { timeline: 1, ancestors: [] }, { timeline: 2, ancestors: [a] }, '0/3000060'],
    ['a grandchild', { timeline: 1, ancestors: [] }, { timeline: 3, ancestors: [a, c] }, '0/3000060'],
    ['the child of a child', { timeline: 2, ancestors: [a] }, { timeline: 3, ancestors: [a, c] }, '1/0'],
    [
      'two that left one timeline at two places',
      { timeline: 2, ancestors: [a] },
      { timeline: 3, ancestors: [b] },
      '0/2000000',
    ],
    ['the same timeline', { timeline: 2, ancestors: [a] }, { timeline: 2, ancestors: [a] }, undefined],
    ['nothing in common', { timeline: 5, ancestors: [] }, { timeline: 2, ancestors: [a] }, undefined],
  ])('%s', (_what, old, now, expected) => {
    expect(forkOf(old, now)).toBe(expected);
  });

  it('reads a history as PostgreSQL writes it, with comments and reasons', () => {
    const text = '1\t0/3000060\tno recovery target specified\n\n# a comment\n2\tA/BC\tbefore 2026\n';
    expect(parseHistory(text)).toEqual([
      { timeline: 1, leftAt: '0/3000060' },
      { timeline: 2, leftAt: 'A/BC' },
    ]);
  });
});

describe('settleFork()', () => {
  const run = { id: 'r', plan: {} as never, fork: '0/30', firstXid: undefined, firstXidAtLeast: undefined };
  it('takes what is known, and refuses two that do not agree', () => {
    expect(settleFork({ ...NOTHING, fork: '0/30', run }, '00/30')).toBe('0/30');
    expect(settleFork(NOTHING, '0/30')).toBe('0/30');
    expect(() => settleFork({ ...NOTHING, run }, '0/31')).toThrow(/fork is not certain: 0\/30 and 0\/31/);
    expect(() => settleFork(NOTHING, undefined)).toThrow(/fork is not known/);
  });

  it('takes what a tail keeper has recorded, and refuses a run file that does not agree with it', () => {
    const recorded = { timeline: 2, fork: '0/30', firstXid: undefined };
    expect(settleFork({ ...NOTHING, recorded }, undefined)).toBe('0/30');
    expect(settleFork({ ...NOTHING, recorded, run }, undefined)).toBe('0/30');
    expect(() => settleFork({ ...NOTHING, recorded, fork: '0/31' }, undefined)).toThrow(/fork is not certain/);
    expect(() => settleFork({ ...NOTHING, recorded: { ...recorded, fork: undefined } }, undefined)).toThrow(
      /not known/,
    );
  });
});

describe('findRecorded()', () => {
  const row = (timeline: number, fork: string | undefined) => ({ timeline, fork, firstXid: 100n });
  const [two, three, four] = [row(2, '0/20'), row(3, '0/30'), row(4, '0/40')];
  const path = [
    { timeline: 1, leftAt: '0/20' },
    { timeline: 2, leftAt: '0/30' },
  ];
  const old = { timeline: 1, ancestors: [] };

  it.each([
    ['the next timeline', [two, three, four], old, { timeline: 3, ancestors: path }, two],
    [
      'the one where the two part',
      [two, three],
      { timeline: 2, ancestors: path.slice(0, 1) },
      { timeline: 3, ancestors: path },
      three,
    ],
    [
      'the one of the new primary after both were promoted',
      [three],
      { timeline: 2, ancestors: [{ timeline: 1, leftAt: '0/18' }] },
      { timeline: 3, ancestors: [{ timeline: 1, leftAt: '0/30' }] },
      three,
    ],
    [
      'the next one without the history of the old primary',
      [two, three],
      { timeline: 2, ancestors: undefined },
      { timeline: 3, ancestors: path },
      three,
    ],
    [
      'none if the old primary is on another path, and its history is not known',
      [two, three],
      { timeline: 4, ancestors: undefined },
      { timeline: 3, ancestors: path },
      undefined,
    ],
    ['none that was not recorded', [three], old, { timeline: 3, ancestors: path }, undefined],
    ['the next one without the history', [two, three], old, { timeline: 3, ancestors: undefined }, two],
    [
      'none without the history, if the next one was not recorded',
      [three],
      old,
      { timeline: 3, ancestors: undefined },
      undefined,
    ],
    ['one without a fork', [row(2, undefined)], old, { timeline: 3, ancestors: path }, row(2, undefined)],
    ['nothing', [], old, { timeline: 3, ancestors: path }, undefined],
  ])('finds %s', (_what, rows, older, newer, found) => {
    expect(findRecorded(rows, older, newer)).toEqual(found);
  });

  it.each([
    ['the timeline where the two part', [row(2, '0/21'), three]],
    ['a later one', [two, row(3, '0/31')]],
  ])('refuses a row that does not agree with the history: of %s', (_what, rows) => {
    expect(() => findRecorded(rows, old, { timeline: 3, ancestors: path })).toThrow(/fork is not certain: timeline \d/);
  });
});

describe('settleFirstXid()', () => {
  const run = { id: 'r', plan: {} as never, fork: undefined, firstXid: 120n, firstXidAtLeast: 100n };
  const recorded = { timeline: 2, fork: undefined, firstXid: 125n };

  it('refuses a row that cannot be right', () => {
    const bounds = { shared: [125n], checkpoint: undefined, next: 500n };
    expect(() => settleFirstXid({ ...NOTHING, recorded }, bounds)).toThrow(
      /first transaction is not certain: 125 .* 126/,
    );
    expect(settleFirstXid({ ...NOTHING, recorded, firstXid: 126n }, bounds)).toEqual({ low: 126n, high: 126n });
  });

  it.each([
    ['what was given', { ...NOTHING, firstXid: 7n, run }, [99n], 90n, { low: 7n, high: 7n }],
    ['the run file', { ...NOTHING, run }, [undefined], undefined, { low: 100n, high: 120n }],
    ['the slot, if it shows more', { ...NOTHING, run }, [110n, 105n], undefined, { low: 111n, high: 120n }],
    ['the first checkpoint', NOTHING, [110n], 130n, { low: 111n, high: 130n }],
    ['the next transaction now', NOTHING, [110n], undefined, { low: 111n, high: 500n }],
    ['nothing', NOTHING, [undefined], undefined, { low: 0n, high: 500n }],
    ['the row of a keeper', { ...NOTHING, recorded }, [110n], undefined, { low: 111n, high: 125n }],
    ['the lowest of all', { ...NOTHING, run, recorded }, [110n], 118n, { low: 111n, high: 118n }],
  ])('is bounded by %s', (_what, given, shared, checkpoint, expected) => {
    expect(settleFirstXid(given, { shared, checkpoint, next: 500n })).toEqual(expected);
  });
});

describe('whyRefused()', () => {
  const old: ServerFacts = {
    ...{ version: 180_000, system: '7', inRecovery: false, timeline: 1, flushed: '0/40', database: 'app' },
    ...{ databaseOid: '5', encoding: 'UTF8', nextXid: 100n, standbys: [], inProgress: 0, prepared: [] },
  };
  const now = { ...old, timeline: 2 };
  it('compares an old primary with its successor', () => {
    expect(whyRefused(old, now, [])).toBeUndefined();
    // Both were promoted from a third one.
    expect(whyRefused({ ...old, timeline: 3 }, now, [{ timeline: 1, leftAt: '0/1' }])).toBeUndefined();
  });
  it.each([
    ['another system', old, { ...now, system: '8' }, /not copies of one database system/],
    ['another database', old, { ...now, database: 'x' }, /two databases/],
    ['a standby as the new one', old, { ...now, inRecovery: true }, /--new is a standby/],
    ['a standby as the old one', { ...old, inRecovery: true }, now, /--old is a standby/],
    ['an old one with standbys', { ...old, standbys: ['eu'] }, now, /stream from it \(eu\)/],
    ['one timeline', old, old, /on one timeline/],
    ['the two swapped', now, old, /swapped/],
  ])('refuses %s', (_what, first, second, message) => {
    expect(whyRefused(first, second, first === now ? [{ timeline: 1, leftAt: '0/1' }] : [])).toMatch(message);
  });
});

describe('isQuiet()', () => {
  const facts = { nextXid: 100n, inProgress: 0, prepared: ['7'] } as unknown as ServerFacts;
  it.each([
    ['nothing happened', {}, {}, true],
    ['a transaction began', {}, { nextXid: 101n }, false],
    ['a transaction was in progress before', { inProgress: 1 }, {}, false],
    ['a transaction is in progress now', {}, { inProgress: 1 }, false],
    ['a prepared transaction ended', {}, { prepared: [] }, false],
  ])('%s', (_what, before, after, expected) => {
    expect(isQuiet({ ...facts, ...before }, { ...facts, ...after })).toBe(expected);
  });
});

describe('the file for review', () => {
  it('keeps its encoding when a statement fails', () => {
    const { head } = createReviewWriter({ doneAgain: new XidSet(), undecided: new XidSet(), hidden: new XidSet() });
    expect(head).toMatch(/^SET client_encoding = 'UTF8';$[\s\S]*^BEGIN;$/m);
    expect(head).not.toContain('SET LOCAL client_encoding');
  });

  const change = (name: string, rest: Partial<LostChange> = {}): LostChange => ({
    ...{ type: 'change', table: { schema: 'public', name }, operation: 'INSERT', class: 'missing', why: undefined },
    ...{ key: [['id', '1']], after: [['id', '1']], unchanged: [], now: undefined, half: undefined },
    repeat: { set: [['id', '1']], xmin: undefined, equals: [], isOverriding: false, state: undefined },
    ...rest,
  });
  const key = (rest: Partial<LostChange> = {}): LostChange =>
    change('ledger', { table: { schema: 'regionkit', name: 'ledger' }, ...rest });
  const conflict = { class: 'conflict', repeat: undefined } as const;
  const again = { ...conflict, isOwn: true } as const;
  const nothing = (): boolean => false;
  /** The file for review of these transactions. */
  async function reviewOf(transactions: readonly (readonly Item[])[], isHidden: (column: string) => boolean = nothing) {
    const values = transactions.flatMap((changes, at): readonly Item[] => {
      const xid = String(at + 7);
      const begin = { xid, commitLsn: '0/40', committedAt: undefined, changes: changes.length };
      return [{ type: 'transaction', ...begin }, ...changes];
    });
    const held = await findHeld(
      (async function* () {
        for (const value of values) yield { value };
      })(),
      async () => isHidden,
    );
    const writer = createReviewWriter(held);
    const texts = values.map((item) => writer.item(item, isHidden));
    return texts.join('') + writer.end({ sequences: [] } as unknown as Parameters<typeof writer.end>[0]);
  }

  it('repeats a key after the whole transaction', async () => {
    const notes = change('notes', { class: 'identical', repeat: undefined });
    const text = await reviewOf([[key(), change('orders'), notes]]);
    expect(text).toMatch(/^INSERT INTO "public"."orders".*\n(--.*\n)INSERT INTO "regionkit"."ledger".*\n+ROLLBACK;/m);
  });
  it.each<[string, Item]>([
    ['a conflict', change('orders', conflict)],
    ['a change without a key', change('orders', { class: 'no-key', repeat: undefined })],
    ['a TRUNCATE', { type: 'truncate', tables: [{ schema: 'public', name: 'orders' }], flags: '' }],
  ])('repeats no key without its whole write: beside %s', async (_what, left) => {
    const text = await reviewOf([[key(), left, change('notes')]]);
    expect(text).toMatch(/^INSERT INTO "public"."notes"/m);
    expect(text).not.toMatch(/^INSERT INTO "regionkit"/m);
    expect(text).toMatch(/^-- .*by hand: INSERT INTO "regionkit"."ledger"/m);
  });
  it.each([
    ['before it', [key(again), change('orders')]],
    ['after it, as without a slot', [change('orders'), key(again)]],
    ['between two keys', [key(), key(again), change('orders')]],
  ])('does no write again that its client has done again, where its key comes %s', async (_what, changes) => {
    const text = await reviewOf([[change('notes')], changes, [change('notes')]]);
    expect(text.match(/^INSERT INTO .*/gm)).toEqual(
      Array(2).fill('INSERT INTO "public"."notes" ("id") VALUES (\'1\');'),
    );
    expect(text).toMatch(/^-- .*by hand: INSERT INTO "public"."orders"/m);
    expect(text.match(/client has sent this key again/g)).toHaveLength(1);
  });
  it('does not say that a write was done again if that is not certain, and repeats it neither', async () => {
    const text = await reviewOf([[key(conflict), change('orders')]]);
    expect(text).not.toMatch(/^INSERT/m);
    expect(text).not.toContain('was done again: repeat');
    expect(text.match(/It is not decided whether its client has sent it again/g)).toHaveLength(1);
  });

  const answer = ['answer', '{"mail":"secret"}'] as const;
  const withAnswer = key({
    after: [['key', 'k'], answer],
    repeat: { set: [['key', 'k'], answer], xmin: undefined, equals: [], isOverriding: false, state: undefined },
  });
  it.each([
    ['before it', [withAnswer, change('orders')]],
    ['after it', [change('orders'), withAnswer]],
  ])(
    'does no write again whose key is hidden, where its key comes %s: a retry would do it twice',
    async (_what, changes) => {
      const text = await reviewOf([[change('notes')], changes], (column) => column === 'answer');
      expect(text.match(/^INSERT INTO .*/gm)).toEqual(['INSERT INTO "public"."notes" ("id") VALUES (\'1\');']);
      expect(text).toMatch(/^-- .*by hand: INSERT INTO "public"."orders"/m);
      expect(text.match(/--ledger-answers/g)).toHaveLength(1);
      expect(text).not.toContain('secret');
    },
  );
});

describe('report.md', () => {
  const counts = { byStatus: undefined, inWal: undefined, subtransactions: undefined, preparedCommits: undefined };
  const reportFor = (toTell: number, isComplete: boolean, notDecided = 0): string =>
    reportOf({
      ...{ old: { server: 'us/0', timeline: 1 }, new: { server: 'eu/0', timeline: 2 }, fork: '0/40', method: 'slot' },
      lost: { transactions: 0, changes: 0, byClass: {}, byTable: [] },
      completeness: { isComplete, reasons: [], decoded: 0, emptyTransactions: 0, decodedNowhere: 0, ...counts },
      ledger: { lost: toTell, redone: 0, notDecided, toTell },
      neverDecoded: {
        sequences: [],
        unreadableSequences: [],
        unloggedTables: [],
        preparedOnOld: [],
        preparedOnNew: [],
      },
    } as unknown as Summary);

  it('says that no client has to be told only if the list is complete', () => {
    expect(reportFor(0, true)).toContain('No client has to be told.');
    expect(reportFor(0, false)).not.toContain('No client has to be told.');
    expect(reportFor(2, true, 1)).toContain('Of 1 of these it is not decided');
    expect(reportFor(2, true)).not.toContain('not decided');
    for (const toTell of [0, 2]) expect(reportFor(toTell, false)).toContain('more keys may be lost than these');
  });
});

describe('writeFiles()', () => {
  it('hides a column of a table that is a partition on the old primary alone, or on the new one alone', async () => {
    const root = { schema: 'public', name: 'parent' };
    const partition = async (): Promise<Table> => ({ ...table, root });
    const plain = async (): Promise<Table> => table;
    const absent = async (): Promise<undefined> => undefined;
    for (const tablesOf of [
      [partition, absent],
      [partition, plain],
      [plain, partition],
    ]) {
      const written: string[] = [];
      const file = { write: async (text: string) => void written.push(text), close: async () => {} };
      const item = { type: 'change', table, operation: 'INSERT', class: 'no-key', key: [], after: [['v', 'secret']] };
      const items = { sorted: async () => [{ value: { ...item, unchanged: [] } }] };
      const summary = { lost: { byClass: {}, byTable: {} }, neverDecoded: { sequences: [] } };
      await writeFiles({
        directory: { file: async () => file },
        ...{ items, summary, tablesOf, redaction: readRedaction(['parent.v']) },
      } as unknown as Parameters<typeof writeFiles>[0]).catch(() => {});
      // In the list, and in the file for review.
      expect(written.filter((text) => text.includes(MARK))).toHaveLength(2);
      expect(written.join('')).not.toContain('secret');
    }
  });

  it('shows the answer of a ledger in no file, whatever else is hidden', async () => {
    const ledger = { schema: 'regionkit', name: 'ledger' };
    const fields = [
      ['key', 'k'],
      ['answer', '{"email":"secret"}'],
    ] as const;
    const change = {
      type: 'change',
      table: ledger,
      operation: 'INSERT',
      class: 'missing',
      key: [fields[0]],
      after: fields,
    };
    const repeat = { set: fields, xmin: undefined, equals: [], isOverriding: false, state: undefined };
    for (const [ledgerAnswers, shows] of [
      [false, 0],
      [true, 2],
    ] as const) {
      const written: string[] = [];
      const file = { write: async (text: string) => void written.push(text), close: async () => {} };
      await writeFiles({
        directory: { file: async () => file },
        items: {
          sorted: async () => [
            { value: { type: 'transaction', xid: '7', commitLsn: '0/40', changes: 1 } },
            { value: { ...change, unchanged: [], repeat } },
          ],
        },
        summary: { lost: { byClass: {}, byTable: {} }, neverDecoded: { sequences: [] } },
        tablesOf: [async () => undefined],
        redaction: readRedaction(['users.email'], { ledgerAnswers }),
      } as unknown as Parameters<typeof writeFiles>[0]).catch(() => {});
      expect(written.filter((text) => text.includes('secret'))).toHaveLength(shows);
    }
  });
});

function setOf(...xids: readonly bigint[]): XidSet {
  const set = new XidSet();
  for (const xid of xids) set.add(xid);
  return set;
}

describe('judgeCompleteness()', () => {
  const none = new XidSet();
  const status = { lost: setOf(8n), doubtful: none, committedLater: none, from: 3n, to: 9n };
  const wal = { commits: setOf(7n, 8n), subtransactions: none, unexplained: none };
  const rest = { emptyTransactions: 0, changed: { here: 0, elsewhere: 0, names: [] }, isQuiet: true, isCut: false };
  it.each([
    ['was prepared, says the WAL', { ...wal, prepared: setOf(7n) }, []],
    ['was not prepared', { ...wal, prepared: none }, [expect.stringMatching(/^1 decoded .* the fork is wrong, or/)]],
    ['may have been prepared', undefined, [expect.stringMatching(/^1 decoded .* the fork is wrong, or/)]],
  ])('judges a decoded transaction that both have committed: it %s', (_what, commits, reasons) => {
    const counts = { ...rest, decoded: setOf(7n, 8n), status, wal: commits };
    expect(judgeCompleteness(counts)).toMatchObject({ isComplete: reasons.length === 0, reasons });
  });
});

describe('transaction numbers', () => {
  it('get their epoch from the next one', () => {
    expect(fullXid('99', 100n)).toBe(99n);
    expect(fullXid('4294967295', (5n << 32n) + 3n)).toBe((5n << 32n) - 1n);
    expect(fullXid('2', (5n << 32n) + 3n)).toBe((5n << 32n) + 2n);
  });
  it('are compared across the point where they begin again', () => {
    const next = (1n << 32n) + 50n;
    const first = { low: (1n << 32n) - 10n, high: (1n << 32n) - 10n };
    expect(isAfterFork('4294967290', first, next)).toBe(true);
    expect(isAfterFork('20', first, next)).toBe(true);
    expect(isAfterFork('4294967280', first, next)).toBe(false);
  });
  it('are of after the fork although they are lower, if the new primary has committed what was prepared before it', () => {
    const first = { low: 100n, high: 100n, committedLater: setOf(50n) };
    expect(['49', '50', '51', '100'].map((xmin) => isAfterFork(xmin, first, 200n))).toEqual([false, true, false, true]);
  });

  it('between the lowest and the highest first one are of neither side, unless their status tells', () => {
    const first = { low: 100n, high: 200n };
    const sides = (given: FirstXid) => ['99', '100', '120', '199', '200'].map((xmin) => sideOf(xmin, given, 300n));
    expect(sides(first)).toEqual(['before', 'doubtful', 'doubtful', 'doubtful', 'after']);
    expect(sides({ ...first, shared: setOf(100n), doubtful: setOf(199n) })).toEqual([
      ...['before', 'before', 'after', 'doubtful', 'after'],
    ]);
    // One that both servers have committed: after the fork on the old one, or before it.
    const status = { doubtful: setOf(120n, 130n) };
    const decided = (isWhole: boolean) => decideDoubtful(status, setOf(120n), isWhole);
    expect([[...decided(true).shared], [...decided(true).doubtful]]).toEqual([[130n], []]);
    expect([[...decided(false).shared], [...decided(false).doubtful]]).toEqual([[], [130n]]);
  });

  it('form a set', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 3n, max: 1n << 40n })), (numbers) => {
        const set = new XidSet();
        for (const one of numbers) set.add(one);
        expect([...set]).toEqual([...new Set(numbers)].sort((a, b) => (a < b ? -1 : 1)));
        expect(set.size).toBe(new Set(numbers).size);
      }),
    );
  });
});

describe('parseCommit()', () => {
  it.each([
    ['766', 'COMMIT', '2026-11-29 19:03:34.285006 UTC', { xid: '766', isPrepared: false, subtransactions: [] }],
    [
      '766',
      'COMMIT',
      '2026-11-29 UTC; subxacts: 767 768; inval msgs: …',
      { xid: '766', isPrepared: false, subtransactions: ['767', '768'] },
    ],
    ['0', 'COMMIT_PREPARED', '788: 2026-11-29 UTC', { xid: '788', isPrepared: true, subtransactions: [] }],
  ])('%s %s', (xid, type, description, expected) => {
    expect(parseCommit(xid, type, description)).toEqual(expected);
  });
});

const table: Table = {
  ...{ schema: 'public', name: 't', oid: '16384', madeBy: '700', key: [], uniques: [], uncompared: [] },
  ...{ root: undefined, partitionedBy: [], isView: false },
  columns: [
    { name: 'id', number: 1, type: 'integer', isGenerated: false, isAlwaysIdentity: false, values: null },
    { name: 'v', number: 2, type: 'text', isGenerated: false, isAlwaysIdentity: false, values: null },
    { name: 'g', number: 3, type: 'text', isGenerated: true, isAlwaysIdentity: false, values: null },
  ],
};
const after = (v: string) => ({
  fields: [
    ['id', '1'],
    ['v', v],
    ['g', `g${v}`],
  ] as const,
  unchanged: [],
});
const insert = (v: string): Net => addToNet(undefined, { half: undefined, operation: 'INSERT', after: after(v) });
const update = (v: string): Net => addToNet(undefined, { half: undefined, operation: 'UPDATE', after: after(v) });
const INSERTED = { half: undefined, operation: 'INSERT', after: after('c') } as const;
const UPDATED = { ...INSERTED, operation: 'UPDATE' } as const;
const remove = (net?: Net): Net => addToNet(net, { operation: 'DELETE', after: undefined, half: undefined });
const row = (v: string, isAfter = false): CurrentRow => ({
  ...{ xmin: '9', isAfterFork: isAfter },
  values: new Map([
    ['id', '1'],
    ['v', v],
    ['g', 'other'],
  ]),
});

describe('isTraced()', () => {
  const renamed = { ...table, columns: table.columns.map((column) => ({ ...column, name: `new ${column.name}` })) };
  const made = { ...table, oid: '99999' };
  it.each([
    ['nothing is hidden', 'all', [undefined, undefined], 'v', true],
    ['no server has the table', 'known', [undefined, undefined], 'v', false],
    ['no server has the column', 'known', [renamed, table], 'other', false],
    ['one server has the column', 'known', [renamed, table], 'v', true],
    ['one server has the table', 'known', [undefined, table], 'v', true],
    ['both have the same column', 'unchanged', [table, table], 'v', true],
    ['the column was renamed', 'unchanged', [renamed, table], 'v', false],
    ['one server has the table, and another column was renamed', 'unchanged', [undefined, table], 'v', false],
    ['the table was made anew', 'unchanged', [made, table], 'v', false],
  ] as const)('%s', (_what, trusted, tables, column, expected) => {
    expect(isTraced(trusted, tables, column)).toBe(expected);
  });
});

describe('mayBreak()', () => {
  const uncompared = [
    { name: 'on an expression', columns: ['v'], ofNullsAlone: false },
    { name: 'of nulls', columns: ['id', 'g'], ofNullsAlone: true },
  ];
  const row = (g: string | null) =>
    new Map([
      ['id', '1'],
      ['v', 'a'],
      ['g', g],
    ]);
  it.each([
    ['an INSERT', undefined, 'g', ['on an expression']],
    ['an INSERT with a null', undefined, null, ['on an expression', 'of nulls']],
    ['an UPDATE of another column', [['x', '1']], null, []],
    ['an UPDATE of a column of the index', [['v', 'a']], null, ['on an expression']],
    ['an UPDATE to a null', [['g', null]], null, ['of nulls']],
  ] as const)('%s', (_what, set, g, expected) => {
    expect(mayBreak({ ...table, uncompared }, set, row(g))).toEqual(expected);
  });
});

describe('judgeRow()', () => {
  it.each([
    ['inserted twice: into two tables of one name', addToNet(insert('a'), INSERTED), undefined, 'conflict'],
    ['deleted, and then updated', addToNet(remove(), UPDATED), row('b'), 'conflict'],
    ['deleted, and inserted again', addToNet(remove(), INSERTED), row('b'), 'stale'],
    ['inserted, absent', insert('a'), undefined, 'missing'],
    ['inserted, the same there', insert('a'), row('a', true), 'identical'],
    ['inserted, another there', insert('a'), row('b', true), 'conflict'],
    ['inserted and deleted, absent', remove(insert('a')), undefined, 'already-absent'],
    ['inserted and deleted, another there', remove(insert('a')), row('b', true), 'conflict'],
    ['updated, as at the fork', update('a'), row('b'), 'stale'],
    ['updated, done again', update('a'), row('a', true), 'identical'],
    ['updated, changed there', update('a'), row('b', true), 'conflict'],
    ['updated, deleted there', update('a'), undefined, 'conflict'],
    ['deleted, as at the fork', remove(), row('b'), 'would-delete'],
    ['deleted, changed there', remove(), row('b', true), 'conflict'],
    ['deleted, deleted there', remove(), undefined, 'already-absent'],
    [
      'deleted and inserted again, as at the fork',
      addToNet(remove(), { half: undefined, operation: 'INSERT', after: after('a') }),
      row('b'),
      'stale',
    ],
  ])('%s: %s', (_what, net, current, expected) => {
    expect(judgeRow(net, table, current).class).toBe(expected);
  });

  it('is a conflict if the table or a column is not there', () => {
    expect(judgeRow(insert('a'), undefined, undefined)).toEqual({
      class: 'conflict',
      why: 'the new primary has no such table',
    });
    const narrow = { ...table, columns: table.columns.slice(0, 1) };
    expect(judgeRow(insert('a'), narrow, undefined).why).toBe('the new primary has no column "v"');
  });

  it('keeps a large value that a later change did not touch', () => {
    const net = addToNet(insert('large'), {
      half: undefined,
      operation: 'UPDATE',
      after: { fields: [['id', '1']], unchanged: ['v'] },
    });
    expect(net.row.get('v')).toBe('large');
  });

  it('is not identical if a large value came along from another key: the value there may be of another row', () => {
    const arrived = addToNet(remove(), {
      half: 'arrived',
      operation: 'INSERT',
      after: { fields: [['id', '1']], unchanged: ['v'] },
    });
    expect(judgeRow(arrived, table, row('b')).class).toBe('stale');
  });
});

describe('createMoves()', () => {
  const judged = (
    classes: Readonly<Record<string, Parameters<ReturnType<typeof createMoves>['judge']>[1]>>,
    net: Net = update('a'),
  ) => {
    const moves = createMoves();
    moves.add('a', 'b');
    moves.add('b', 'c');
    for (const [id, verdict] of Object.entries(classes))
      moves.judge(id, verdict, id === 'b' ? remove(insert('a')) : net);
    return moves;
  };
  it('repeats all keys of a row, the passing ones too', () => {
    const moves = judged({ a: { class: 'would-delete' }, b: { class: 'already-absent' }, c: { class: 'missing' } });
    expect(['a', 'b', 'c'].map((id) => moves.isRepeated(id))).toEqual([true, true, true]);
    expect(moves.isRepeated('z')).toBe(false);
  });
  it('makes a conflict of all keys if one is in conflict', () => {
    const moves = judged({
      a: { class: 'would-delete' },
      b: { class: 'already-absent' },
      c: { class: 'conflict', why: 'x' },
    });
    expect(moves.verdictOf('a', { class: 'would-delete' }).class).toBe('conflict');
    expect(moves.verdictOf('z', { class: 'would-delete' }).class).toBe('would-delete');
    expect(moves.isRepeated('a')).toBe(false);
  });
  it('repeats nothing that was done again', () => {
    const moves = judged({ a: { class: 'already-absent' }, b: { class: 'already-absent' }, c: { class: 'identical' } });
    expect(moves.isRepeated('b')).toBe(false);
    expect(moves.verdictOf('c', { class: 'identical' }).class).toBe('identical');
  });
  it('repeats no key of a row that a TRUNCATE has removed, or that nothing identifies by another key', () => {
    const truncated = judged({ a: { class: 'truncate' }, b: { class: 'already-absent' }, c: { class: 'missing' } });
    expect(truncated.verdictOf('c', { class: 'missing' }).class).toBe('conflict');
    const moves = createMoves();
    moves.holdBack('x');
    moves.judge('x', { class: 'missing' }, insert('a'));
    expect(moves.verdictOf('x', { class: 'missing' }).class).toBe('conflict');
    expect(moves.isRepeated('x')).toBe(false);
  });
  it('is a conflict if the row was deleted there, and has a new key here', () => {
    const moves = judged({ a: { class: 'already-absent' }, b: { class: 'already-absent' }, c: { class: 'missing' } });
    expect(moves.verdictOf('c', { class: 'missing' }).class).toBe('conflict');
  });
});

describe('failureOf()', () => {
  const error = (code: string | undefined, message = 'a secret value') => Object.assign(new Error(message), { code });
  it.each([
    ['a right', error('42501'), /lacks a right/],
    ['a full disk of a server', error('53100'), /no room/],
    ['a full disk of this machine', error('ENOSPC'), /disk of this machine that has --out is full \(ENOSPC\)/],
    ['bytes that are no text', error('22021'), /no UTF-8/],
    ['a row that is too long', error('54000'), /too long/],
    ['a row that is too long for a text here', error('ERR_STRING_TOO_LONG'), /too long/],
    ['another code', error('57P01'), /failed \(57P01\)/],
    ['a connection that ended', error(undefined, 'Connection terminated unexpectedly'), /failed \(failed\)/],
    ['a text that is not understood', new DecodeError('no value', 7), /could not be read: no value at character 7/],
  ])('says %s in its own words', (_what, given, expected) => {
    const { evidence = '', fix = '' } = failureOf(given) ?? {};
    expect(evidence).toMatch(expected);
    expect(`${evidence}${fix}`).not.toContain('secret');
  });
  it('does not take a mistake of the program for one of a server', () => {
    expect(failureOf(new TypeError('x is not a function'))).toBeUndefined();
  });
});

describe('readRedaction()', () => {
  it('hides a column of a table, of its partitions, and of one schema alone', () => {
    const redaction = readRedaction(['t.a', 's.u.b']);
    const root = { schema: 'x', name: 't' };
    expect(redaction.hides({ schema: 'x', name: 't' }, undefined, 'a')).toBe(true);
    expect(redaction.hides({ schema: 'x', name: 't_2026' }, root, 'a')).toBe(true);
    expect(redaction.hides({ schema: 'x', name: 't' }, undefined, 'b')).toBe(false);
    expect(redaction.hides({ schema: 's', name: 'u' }, undefined, 'b')).toBe(true);
    expect(redaction.hides({ schema: 'x', name: 'u' }, undefined, 'b')).toBe(false);
    expect(MARK).toBe('[redacted]');
  });
  it('hides the answers of a ledger, in which any value may stand, unless they are asked for', () => {
    const ledger = { schema: 'regionkit', name: 'ledger' };
    expect(readRedaction(['users.email']).hides(ledger, undefined, 'answer')).toBe(true);
    expect(readRedaction([]).hides(ledger, undefined, 'answer')).toBe(true);
    expect(readRedaction([]).hides(ledger, undefined, 'key')).toBe(false);
    expect(readRedaction([]).hides({ schema: 'public', name: 'ledger' }, undefined, 'answer')).toBe(false);
    expect(readRedaction([]).columns).toEqual([]);
    const shows = { ledgerAnswers: true };
    expect(readRedaction([], shows).hides(ledger, undefined, 'answer')).toBe(false);
    expect(readRedaction(['regionkit.ledger.answer'], shows).hides(ledger, undefined, 'answer')).toBe(true);
  });
  it.each(['a', '.a', 'a.b.c.d', 'a.', ''])('refuses %j', (text) => {
    expect(() => readRedaction([text])).toThrow(/--redact must be/);
  });
});

describe('what is written into SQL', () => {
  it.each([
    ["it's", "'it''s'"],
    ["\\'; DROP TABLE t; --", "E'\\\\''; DROP TABLE t; --'"],
    [null, 'NULL'],
    ['', "''"],
  ])('%j is %s', (value, expected) => {
    expect(quoteValue(value)).toBe(expected);
  });
  it('keeps a name in its quotes', () => {
    expect(quoteName('a"; DROP TABLE t; --')).toBe('"a""; DROP TABLE t; --"');
  });
  it('keeps a comment on its line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(comment(text)).toMatch(/^-- [^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]*$/u);
      }),
    );
    expect(comment('a\r\nDROP')).toBe('-- a\\u000d\\u000aDROP');
  });
});
