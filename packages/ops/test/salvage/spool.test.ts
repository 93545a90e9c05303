import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSorter } from '../../src/salvage/spool/sorter.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'regionkit-spool-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function read<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

describe('createSorter()', () => {
  it('returns everything in the order of the keys, however many runs it needed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 2_000 }),
        async (keys, runLength) => {
          await using sorter = await createSorter<string>({ directory, runLength });
          for (const key of keys) await sorter.add(key, `value of ${key}`);
          const expected = [...keys].sort((a, b) => (a < b ? -1 : 1)).map((key) => ({ key, value: `value of ${key}` }));
          expect(await read(await sorter.sorted())).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('can be read twice at the same time, with lines longer than what is read at once', async () => {
    await using sorter = await createSorter<string>({ directory, runLength: 100_000 });
    const keys = Array.from({ length: 50 }, (_, at) => String((at * 37) % 50).padStart(2, '0'));
    for (const key of keys) await sorter.add(key, key.repeat(50_000));
    const [first, second] = [await sorter.sorted(), await sorter.sorted()];
    const both = await Promise.all([read(first), read(second)]);
    for (const all of both) expect(all.map(({ key }) => key)).toEqual([...keys].sort());
    expect(both[0]?.every(({ key, value }) => value === key.repeat(50_000))).toBe(true);
  });

  it('leaves no name in the directory: its content vanishes with the process', async () => {
    await using sorter = await createSorter<string>({ directory, runLength: 1 });
    await sorter.add('a', 'a secret value');
    expect(await readdir(directory)).toEqual([]);
  });
});
