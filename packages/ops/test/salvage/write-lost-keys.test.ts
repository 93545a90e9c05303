import { describe, expect, it } from 'vitest';
import type { Item, LostChange } from '../../src/salvage/items.ts';
import { lostKeys } from '../../src/salvage/ledger/lost-keys.ts';
import { writeLostKeys } from '../../src/salvage/ledger/write-lost-keys.ts';
import { readRedaction } from '../../src/salvage/output/redaction.ts';
import { type FirstXid, WRAP, XidSet } from '../../src/salvage/servers/xid.ts';
import { mustFit } from './schema.ts';

const lost = (key: string): LostChange => ({
  ...{ type: 'change', table: { schema: 'regionkit', name: 'ledger' }, operation: 'INSERT', class: 'conflict' },
  ...{ why: undefined, key: [], unchanged: [], now: undefined, half: undefined, repeat: undefined },
  after: [
    ['actor', 'ann'],
    ['key', key],
    ['at', '2026-11-30 05:53:01+00'],
  ],
});

/** @param xmins the rows of the new primary: which transaction has written the row of a key */
async function told(
  xmins: Readonly<Record<string, bigint>>,
  firstXid: bigint | FirstXid,
  nextXid: bigint,
  keys: readonly LostChange[] = ['a', 'b', 'c'].map(lost),
) {
  const lines: string[] = [];
  const now = {
    query: async () => [{ found: 'regionkit.ledger' }],
    lists: async (_sql: string, [, keys]: readonly string[][]) =>
      (keys as string[]).flatMap((key, at) => {
        const xmin = xmins[key];
        return xmin === undefined ? [] : [[String(at + 1), String(xmin % WRAP), String(nextXid)]];
      }),
  };
  const counts = await writeLostKeys({
    servers: { old: now, now },
    options: { ledger: 'keys', redaction: readRedaction([]) },
    firstXid: typeof firstXid === 'bigint' ? { low: firstXid, high: firstXid } : firstXid,
    items: { sorted: async () => keys.map((value) => ({ value })) },
    directory: { file: async () => ({ write: async (line: string) => void lines.push(line), close: async () => {} }) },
  } as unknown as Parameters<typeof writeLostKeys>[0]);
  const told = lines.map((line) => JSON.parse(line));
  for (const line of told) mustFit('lost-key', line);
  const undecided = told.flatMap(({ key, redone }) => (redone === 'not-decided' ? [key] : []));
  return { counts, keys: told.map(({ key }) => key), undecided };
}

describe('writeLostKeys()', () => {
  it('tells of a key whose row on the new primary is older than the fork: it had expired, and was used again', async () => {
    expect(await told({ a: 99n, b: 100n }, 100n, 200n)).toEqual({
      counts: { lost: 3, redone: 1, notDecided: 0, toTell: 2 },
      keys: ['a', 'c'],
      undecided: [],
    });
  });

  it('claims of no key that it was done again while the number of its row may be of either history', async () => {
    expect(await told({ a: 99n, b: 150n, c: 160n }, { low: 100n, high: 160n }, 200n)).toEqual({
      counts: { lost: 3, redone: 1, notDecided: 1, toTell: 2 },
      keys: ['a', 'b'],
      undecided: ['b'],
    });
  });

  it('decides by the status of transactions, as far as it is known', async () => {
    const [shared, doubtful] = [new XidSet(), new XidSet()];
    shared.add(110n);
    doubtful.add(120n);
    const first = { low: 100n, high: 160n, shared, doubtful };
    expect(await told({ a: 110n, b: 120n, c: 130n }, first, 200n)).toEqual({
      counts: { lost: 3, redone: 1, notDecided: 1, toTell: 2 },
      keys: ['a', 'b'],
      undecided: ['b'],
    });
  });

  it('knows that a key was done again if it was free at the fork, whatever is known of numbers', async () => {
    const keys = [lost('a'), { ...lost('b'), wasFree: true as const }, { ...lost('c'), wasFree: true as const }];
    expect(await told({ a: 50n, b: 50n }, { low: 0n, high: 160n }, 200n, keys)).toEqual({
      counts: { lost: 3, redone: 1, notDecided: 1, toTell: 2 },
      keys: ['a', 'c'],
      undecided: ['a'],
    });
    // A table that was made anew on the old primary shows no row of before: the number of the transaction is right.
    expect((await told({ b: 50n }, { low: 100n, high: 160n }, 200n, keys)).counts.redone).toBe(0);
  });

  it('compares transaction numbers across the point where they begin again', async () => {
    const { keys } = await told({ a: WRAP - 20n, b: WRAP - 5n, c: WRAP + 3n }, WRAP - 10n, WRAP + 10n);
    expect(keys).toEqual(['a']);
  });
});

describe('lostKeys()', () => {
  async function keysOf(commitLsn: string | undefined): Promise<readonly string[]> {
    const begin: Item = { type: 'transaction', xid: '7', commitLsn, committedAt: undefined, changes: undefined };
    const items: readonly Item[] = [begin, lost('a'), { ...lost('b'), operation: 'UPDATE', class: 'stale' }];
    const found: string[] = [];
    const list = (async function* () {
      for (const value of items) yield { value };
    })();
    for await (const page of lostKeys(list)) found.push(...page.map(({ key }) => key));
    return found;
  }

  it('takes each INSERT for a lost write, and no UPDATE that keeps an answer', async () => {
    expect(await keysOf('0/40')).toEqual(['a']);
  });

  it('takes a row that is older on the new primary for a lost write as well, if only rows are known', async () => {
    expect(await keysOf(undefined)).toEqual(['a', 'b']);
  });
});
