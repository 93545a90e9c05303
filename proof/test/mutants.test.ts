import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { initialize, load } from '../src/mutants/hooks.mjs';
import { MUTANTS } from '../src/mutants/mutants.ts';

const ROOT = new URL('../../', import.meta.url);
const sourceOf = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

describe('MUTANTS', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s fits the sources as they are', (_, mutant) => {
    for (const { file, find, replace } of mutant.edits) {
      expect(sourceOf(file).split(find)).toHaveLength(2);
      expect(replace).not.toBe(find);
    }
    expect(mutant.breaks.length).toBeGreaterThan(0);
  });

  it('have names of their own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });
});

describe('load', () => {
  const mutation = { name: 'm', edits: [{ file: 'src/a.ts', find: 'one', replace: 'two' }] };
  const plant = async (url: string, source: string): Promise<string> => {
    initialize(mutation);
    const loaded = await load(url, {}, async () => ({ format: 'module', source: Buffer.from(source) }));
    return String(loaded.source);
  };

  it('plants the bug in its file and nowhere else', async () => {
    expect(await plant('file:///x/src/a.ts', 'const one = 1;')).toBe('const two = 1;');
    expect(await plant('file:///x/src/a.ts?v=2', 'one')).toBe('two');
    expect(await plant('file:///x/src/b.ts', 'one')).toBe('one');
  });

  it('refuses a file it does not fit', async () => {
    await expect(plant('file:///x/src/a.ts', 'nothing')).rejects.toThrow(/occurs 0 times/);
    await expect(plant('file:///x/src/a.ts', 'one one')).rejects.toThrow(/occurs 2 times/);
  });
});
