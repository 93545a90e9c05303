import { mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, env, file, loadConfig, type Source, values } from '../src/index.ts';

describe('env', () => {
  test('gives the variables that are set, as strings', async () => {
    await using config = await loadConfig({ sources: { env: env({ from: { A: 'a', B: '', C: undefined } }) } });
    expect({ ...config.get('env') }).toEqual({ A: 'a' });
    expect(config.status().keys.env).toMatchObject({ state: 'fresh', kind: 'env' });
  });

  test('takes only those with a prefix, named without it', async () => {
    const from = { APP_PORT: '1', OTHER: '2', APP_EMPTY: '' };
    await using config = await loadConfig({ sources: { env: env({ from, prefix: 'APP_', emptyIsUnset: false }) } });
    expect({ ...config.get('env') }).toEqual({ PORT: '1', EMPTY: '' });
  });

  test('lists everything that is missing or wrong, by name', async () => {
    const schema = z.object({ PORT: z.coerce.number(), REGION: z.string(), LEVEL: z.enum(['info', 'warn']) });
    const start = loadConfig({ sources: { env: env({ schema, from: { PORT: 'hunter2', LEVEL: 'hunter2' } }) } });
    const error = await start.then(
      () => undefined,
      (reason: ConfigError) => reason,
    );
    expect(error?.message).toBe(
      [
        'loadConfig: these values are missing or invalid:',
        '  env.PORT: schema (env)',
        '  env.REGION: schema (env)',
        '  env.LEVEL: schema (env)',
      ].join('\n'),
    );
  });

  test('reads the environment of the process when the config is loaded', async () => {
    const source = env({ prefix: 'REGIONKIT_TEST_' });
    process.env['REGIONKIT_TEST_A'] = 'late';
    try {
      await using config = await loadConfig({ sources: { env: source } });
      expect(config.get('env')['A']).toBe('late');
    } finally {
      delete process.env['REGIONKIT_TEST_A'];
    }
  });
});

describe('file', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'regionkit-config-'));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  };

  test('gives text without its last line break, JSON, or bytes', async () => {
    const text = await write('text', '\uFEFF secret \n');
    const json = await write('json', '{"port":1}');
    await using config = await loadConfig({
      sources: {
        text: file(text),
        json: file(json, { schema: z.object({ port: z.number() }) }),
        bytes: file(json, { format: 'bytes' }),
        raw: file(json, { format: 'json' }),
      },
    });
    expect(config.get('text')).toBe(' secret ');
    expect(config.get('json').port).toBe(1);
    expect(Buffer.from(config.get('bytes')).toString()).toBe('{"port":1}');
    expectTypeOf(config.get('text')).toEqualTypeOf<string>();
    expectTypeOf(config.get('bytes')).toEqualTypeOf<Uint8Array>();
    expectTypeOf(config.get('raw')).toEqualTypeOf<unknown>();
  });

  test('is read again, also when a mount swaps it for another', async () => {
    const first = await write('v1', 'first');
    const second = await write('v2', 'second');
    const link = join(directory, 'mounted');
    await symlink(first, link);
    await using config = await loadConfig({ refresh: { minForcedMs: 1 }, sources: { key: file(link) } });
    await symlink(second, `${link}.tmp`);
    await rename(`${link}.tmp`, link);
    expect(await config.refresh('key')).toBe('changed');
    expect(config.get('key')).toBe('second');
  });

  test('that was touched and says the same has not changed', async () => {
    const path = await write('touched', 'same');
    await using config = await loadConfig({ sources: { key: file(path) } });
    const before = config.version('key');
    await utimes(path, 1, 1);
    expect(await config.refresh('key')).toBe('unchanged');
    expect(config.version('key')).not.toBe(before);
  });

  test('that is being written does not replace what is there', async () => {
    const path = await write('written', '{"a":1}');
    await using config = await loadConfig({
      sources: { key: file(path, { schema: z.object({ a: z.number() }) }) },
    });
    await write('written', '');
    expect(await config.refresh('key')).toBe('failed');
    expect(config.get('key').a).toBe(1);
    expect(config.status().keys.key.refreshError).toMatchObject({ failure: 'invalid', detail: 'empty' });
  });

  test.each<[string, () => Promise<string>, object]>([
    ['missing', async () => '/nowhere/at/all', { failure: 'not-found' }],
    ['too large', () => write('large', 'x'.repeat(1_100_000)), { failure: 'invalid', detail: 'too-large' }],
    ['without an end', async () => '/dev/zero', { failure: 'invalid', detail: 'too-large' }],
    ['not UTF-8', () => write('latin', Uint8Array.of(0xff)), { failure: 'invalid', detail: 'not-utf8' }],
    ['a directory', async () => directory, { failure: 'unknown' }],
  ])('that is %s fails the start', async (_, make, problem) => {
    const start = loadConfig({ sources: { key: file(await make()) } });
    await expect(start).rejects.toMatchObject({ problems: [{ key: 'key', ...problem }] });
  });
});

describe('values', () => {
  test('are typed as they are written, and checked if there is a schema', async () => {
    await using config = await loadConfig({
      sources: { plain: values({ level: 'info', list: [1, 2] }), checked: values('7', { schema: z.coerce.number() }) },
    });
    expectTypeOf(config.get('plain').level).toEqualTypeOf<'info'>();
    expectTypeOf(config.get('checked')).toEqualTypeOf<number>();
    expect(config.get('checked')).toBe(7);
  });
});

describe('a source of one’s own', () => {
  test('is an object with a load function, typed by its schema or by what it loads', async () => {
    const schema = z.object({ a: z.number() });
    const declared: Source<string, false> = { load: () => ({ value: 'x' }) };
    await using config = await loadConfig({
      sources: {
        plain: { load: () => ({ value: { a: 1 } }) },
        late: { load: async () => ({ value: 'x' }), schema: z.string() },
        maybe: { load: () => Promise.reject(new Error('none')), schema, optional: true },
        declared,
      },
    });
    expectTypeOf(config.get('plain').a).toEqualTypeOf<number>();
    expectTypeOf(config.get('late')).toEqualTypeOf<string>();
    expectTypeOf(config.get('maybe')).toEqualTypeOf<{ readonly a: number } | undefined>();
    expectTypeOf(config.get('declared')).toEqualTypeOf<string>();
    expect(config.get('maybe')).toBeUndefined();
    expect(config.status().keys.maybe).toMatchObject({ state: 'absent', refreshError: { failure: 'unknown' } });
    expect(config.status().verdict).toBe('pass');
    // @ts-expect-error: there is no such key.
    expect(() => config.get('other')).toThrow('config has no such key; it has plain, late, maybe, declared');
    // @ts-expect-error: it is read-only.
    expect(() => (config.get('plain').a = 2)).toThrow(TypeError);
  });

  test('may give what cannot be compared, which then counts as changed each time', async () => {
    const source = { load: () => ({ value: { sign: (text: string) => text } }) };
    await using config = await loadConfig({ refresh: { minForcedMs: 1 }, sources: { source } });
    expect(config.get('source').sign('a')).toBe('a');
    expect(await config.refresh('source')).toBe('changed');
    expect(config.version('source')).toBe('#2');
  });

  test('that answers nonsense fails like one that throws', async () => {
    const nothing = { load: () => undefined as never };
    await expect(loadConfig({ sources: { nothing } })).rejects.toMatchObject({ problems: [{ failure: 'unknown' }] });
  });

  test('shares clients with the others of its config, and they are closed with it', async () => {
    const closed: string[] = [];
    const made: string[] = [];
    const source: Source<string> = {
      load: ({ scope }) => ({
        value: scope.use(
          'client',
          () => {
            made.push('client');
            return 'client';
          },
          (client) => closed.push(client),
        ),
      }),
    };
    const config = await loadConfig({ sources: { a: source, b: source } });
    expect(made).toEqual(['client']);
    await config.close();
    expect(closed).toEqual(['client']);
    const failing = loadConfig({ sources: { a: source, b: { load: () => Promise.reject(new Error()) } } });
    await expect(failing).rejects.toBeInstanceOf(ConfigError);
    expect(closed).toEqual(['client', 'client']);
  });
});
