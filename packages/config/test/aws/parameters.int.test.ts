import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type AwsClients, parameters } from '../../src/aws/index.ts';
import { loadConfig } from '../../src/index.ts';
import { type FakeAws, fakeAws } from '../../src/testing/index.ts';
import { clientsOf, EU, regions, US } from './aws-support.ts';

let aws: FakeAws;
let clients: AwsClients;

beforeEach(async () => {
  aws = await fakeAws({ regions: [US, EU] });
  clients = clientsOf(aws);
});
afterEach(async () => {
  clients.close();
  await aws.close();
});
const options = { regions, fallbackRegions: [EU], refresh: { timeoutMs: 20_000, minForcedMs: 1 } } as const;
const set = (all: Readonly<Record<string, string>>, region = US): void => {
  for (const [name, value] of Object.entries(all)) aws.region(region).setParameter(name, value);
};

describe('all under a path', () => {
  test('are a tree, decrypted, with lists, and nothing from beside the path', async () => {
    set({ '/prod/app/port': '3000', '/prod/app/db/host': 'db.example.com', '/prod/apple': 'no' });
    aws.region(US).setParameter('/prod/app/db/password', { type: 'SecureString', value: 'hunter2' });
    aws.region(US).setParameter('/prod/app/hosts', { type: 'StringList', value: 'a,b' });
    const App = z.object({
      port: z.coerce.number(),
      hosts: z.array(z.string()),
      db: z.object({ host: z.string(), password: z.string() }),
    });
    await using config = await loadConfig({
      ...options,
      sources: { app: parameters('/prod/app/', { schema: App, clients }) },
    });
    expect(config.get('app').port).toBe(3000);
    expect([...config.get('app').hosts]).toEqual(['a', 'b']);
    expect({ ...config.get('app').db }).toEqual({ host: 'db.example.com', password: 'hunter2' });
    expectTypeOf(config.get('app').db.host).toEqualTypeOf<string>();
  });

  test('are read page by page', async () => {
    set(Object.fromEntries(Array.from({ length: 35 }, (_, n) => [`/many/p${n}`, `${n}`])));
    await using config = await loadConfig({ ...options, sources: { many: parameters('/many', { clients }) } });
    expect(Object.keys(config.get('many'))).toHaveLength(35);
    expect(aws.region(US).calls.map(({ operation }) => operation)).toEqual(
      new Array<string>(4).fill('GetParametersByPath'),
    );
  });

  test('have a version that changes when one is set, added or removed', async () => {
    set({ '/app/a': '1', '/app/b': '2' });
    await using config = await loadConfig({ ...options, sources: { app: parameters('/app/', { clients }) } });
    const versions = new Set([config.version('app')]);
    expect(await config.refresh('app')).toBe('unchanged');
    for (const change of [
      () => set({ '/app/a': '3' }),
      () => set({ '/app/c': '4' }),
      () => aws.region(US).removeParameter('/app/c'),
    ]) {
      change();
      await new Promise((resolve) => setTimeout(resolve, 3));
      expect(await config.refresh('app')).toBe('changed');
      versions.add(config.version('app'));
    }
    // With `c` gone it is the version before `c` again.
    expect(versions.size).toBe(3);
    expect(Object.keys(config.get('app'))).toEqual(['a', 'b']);
  });

  test('are missing if there are none, whatever the schema says', async () => {
    const start = loadConfig({
      ...options,
      sources: { app: parameters('/typo/', { schema: z.object({ a: z.string().optional() }), clients }) },
    });
    await expect(start).rejects.toMatchObject({ problems: [{ key: 'app', failure: 'not-found' }] });
  });

  test.each([
    ['/app/__proto__/admin', 'forbidden-key'],
    ['/app/constructor/prototype/admin', 'forbidden-key'],
    ['/app/toJSON', 'forbidden-key'],
    ['/app/a/b', 'name-conflict'],
  ])('are refused with a parameter %s', async (name, detail) => {
    set({ '/app/a': '1', [name]: 'x' });
    const start = loadConfig({ ...options, sources: { app: parameters('/app/', { clients }) } });
    await expect(start).rejects.toMatchObject({ problems: [{ failure: 'invalid', detail }] });
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  test('are refused if there are more than allowed', async () => {
    set({ '/app/a': '1', '/app/b': '2' });
    const start = loadConfig({ ...options, sources: { app: parameters('/app/', { maxParameters: 1, clients }) } });
    await expect(start).rejects.toMatchObject({ problems: [{ failure: 'invalid', detail: 'too-large' }] });
  });
});

describe('some by name', () => {
  test('are read ten in a call, under keys of one’s own', async () => {
    const names = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`k${n}`, `/prod/p${n}`]));
    set(Object.fromEntries(Object.values(names).map((name) => [name, `value of ${name}`])));
    await using config = await loadConfig({ ...options, sources: { some: parameters(names, { clients }) } });
    expect(config.get('some')['k11']).toBe('value of /prod/p11');
    expect(aws.region(US).calls).toHaveLength(2);
  });

  test('may name a version', async () => {
    set({ '/prod/a': 'first' });
    set({ '/prod/a': 'second' });
    await using config = await loadConfig({
      ...options,
      sources: { some: parameters({ now: '/prod/a', before: '/prod/a:1' }, { clients }) },
    });
    expect({ ...config.get('some') }).toEqual({ now: 'second', before: 'first' });
    expectTypeOf(config.get('some').now).toEqualTypeOf<string | readonly string[]>();
  });

  test('that are not there are missing: by the schema, or altogether', async () => {
    set({ '/prod/a': '1' });
    const names = { a: '/prod/a', b: '/prod/b' };
    const schema = z.object({ a: z.string(), b: z.string() });
    await expect(
      loadConfig({ ...options, sources: { some: parameters(names, { schema, clients }) } }),
    ).rejects.toMatchObject({ problems: [{ detail: 'schema', path: ['b'] }] });
    await expect(loadConfig({ ...options, sources: { some: parameters(names, { clients }) } })).rejects.toMatchObject({
      problems: [{ failure: 'not-found' }],
    });
    await using config = await loadConfig({
      ...options,
      sources: { some: parameters(names, { schema: schema.partial(), clients }) },
    });
    expect(config.get('some').b).toBeUndefined();
  });
});

test('a region has its own: at start another’s serve, later they do not replace what is there', async () => {
  set({ '/app/a': 'of us' }, US);
  set({ '/app/a': 'of eu', '/app/b': 'more' }, EU);
  aws.region(US).fault('error');
  const source = { app: parameters('/app/', { clients }) };
  await using started = await loadConfig({ ...options, sources: source });
  expect(started.get('app')['a']).toBe('of eu');
  aws.region(US).heal();
  expect(await started.refresh('app')).toBe('changed');
  expect(started.get('app')['a']).toBe('of us');
  aws.region(US).fault('error');
  await new Promise((resolve) => setTimeout(resolve, 3));
  expect(await started.refresh('app')).toBe('held');
  expect(started.get('app')['a']).toBe('of us');
});
