import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeClock } from '@regionkit/core/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { base64, file, getSecret, loadConfig, type Source, values } from '../src/index.ts';
import { scripted, v } from './support.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'regionkit-watch-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Nothing is ever due, so only the watch can bring a new value. */
const load = (path: string) =>
  loadConfig({
    sources: { key: file(path, { watch: true, everyMs: Number.POSITIVE_INFINITY }) },
    refresh: { minForcedMs: 1 },
  });

describe('file() with watch', () => {
  test('notices that a file was replaced', async () => {
    const path = join(directory, 'key');
    await writeFile(path, 'first');
    await using config = await load(path);
    await writeFile(`${path}.new`, 'second');
    await rename(`${path}.new`, path);
    await vi.waitFor(() => expect(config.get('key')).toBe('second'), 20_000);
  });

  test('notices how Kubernetes swaps a mounted secret', async () => {
    const mount = join(directory, 'mount');
    const version = async (name: string, content: string): Promise<void> => {
      await mkdir(join(mount, name));
      await writeFile(join(mount, name, 'key'), content);
      await symlink(name, join(mount, '..data_tmp'));
      await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    await mkdir(mount);
    await version('..2026_01', 'first');
    await symlink('..data/key', join(mount, 'key'));
    await using config = await load(join(mount, 'key'));
    expect(config.get('key')).toBe('first');
    await version('..2026_02', 'second');
    await vi.waitFor(() => expect(config.get('key')).toBe('second'), 20_000);
  });

  test('a directory that cannot be watched harms nothing', async () => {
    await using config = await loadConfig({
      sources: { key: file(join(directory, 'none', 'key'), { watch: true, optional: true }) },
    });
    expect(config.get('key')).toBeUndefined();
  });
});

describe('a source with watch', () => {
  test('is read again after a change during a refresh that the app has asked for', async () => {
    let change = (): void => {};
    let answer = (): void => {};
    let loads = 0;
    await using config = await loadConfig({
      refresh: { minForcedMs: 1 },
      sources: {
        key: {
          kind: 'test',
          regions: [],
          everyMs: Number.POSITIVE_INFINITY,
          watch: (onChange: () => void) => {
            change = onChange;
            return () => {};
          },
          load: async () => {
            loads += 1;
            const value = `value ${loads}`;
            if (loads === 2) await new Promise<void>((resolve) => (answer = resolve));
            return { value, version: value };
          },
        } as Source<string>,
      },
    });
    await vi.waitFor(async () => {
      void config.refresh('key');
      await Promise.resolve();
      expect(loads).toBe(2);
    }, 20_000);
    change();
    answer();
    await vi.waitFor(() => expect(config.get('key')).toBe('value 3'), 20_000);
  });

  test('is refreshed for each change: also for one that comes too soon, and not after close', async () => {
    const clock = fakeClock();
    let change = (): void => {};
    let ended = 0;
    const source = scripted(
      { local: v(1) },
      {
        watch: (onChange) => {
          change = onChange;
          return () => {
            ended += 1;
          };
        },
      },
    );
    const config = await loadConfig({ clock, sources: { db: source }, refresh: { minForcedMs: 5_000 } });
    for (const n of [2, 3]) {
      source.answers.set('local', v(n));
      change();
      await vi.waitFor(async () => {
        await clock.advance(1_000);
        expect(config.get('db')).toBe(`value ${n}`);
      }, 20_000);
    }
    await config.close();
    expect(ended).toBe(1);
    const asked = source.asked.length;
    change();
    await clock.advance(20_000);
    expect(source.asked).toHaveLength(asked);
  });
});

describe('base64()', () => {
  test.each([
    ['text', 'aGVsbG8=', 'hello'],
    ['text', 'aGVs\nbG8=\n', 'hello'],
    ['text', 'aGVsbG8', 'hello'],
    ['json', 'eyJhIjoxfQ==', { a: 1 }],
  ] as const)('decodes %s', async (format, text, expected) => {
    await using config = await loadConfig({ sources: { key: base64(values(text as string), { format }) } });
    const value: unknown = config.get('key');
    expect(typeof value === 'string' ? value : { ...(value as object) }).toEqual(expected);
  });

  test.each(['a', 'aGVsbG8=aGVs', 'a-_b', '====', 'aGVsbG8!', ''])('refuses %j', async (text) => {
    await expect(getSecret(base64(values(text as string)))).rejects.toMatchObject({ code: 'ERR_CONFIG_START' });
  });

  test('refuses a source with a schema, and what is no source', () => {
    expect(() => base64({ ...values('a'), schema: {} as never } as never)).toThrow(RangeError);
    expect(() => base64({} as never)).toThrow(TypeError);
    expect(() => base64(values('a'), { format: 'xml' as never })).toThrow(RangeError);
  });
});

describe('getSecret()', () => {
  test('gives one value, or lists what is wrong', async () => {
    expect(await getSecret(values('one'))).toBe('one');
    await expect(getSecret(file(join(directory, 'nothing')))).rejects.toMatchObject({ code: 'ERR_CONFIG_START' });
    expect(await getSecret(file(join(directory, 'nothing'), { optional: true }))).toBeUndefined();
  });
});
