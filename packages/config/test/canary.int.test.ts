import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type } from 'arktype';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parameters, secret } from '../src/aws/index.ts';
import { env, file, loadConfig, rotatingClient, rotatingPassword, type Source, values } from '../src/index.ts';
import { FAULT_KINDS } from '../src/testing/fault.ts';
import { type FakeAws, fakeAws } from '../src/testing/index.ts';
import { clientsOf, EU, regions, US } from './aws/aws-support.ts';

const canary = 'hunter2CANARY';

const EVENTS = ['change', 'refreshed', 'refresh-failed', 'fallback', 'expired', 'jump', 'subscriber-failed'] as const;

/** Everything anybody could hear, as text. */
const heard: string[] = [];
const hear = (what: unknown): void => {
  heard.push(inspect(what, { depth: 12, showHidden: true, getters: false, maxStringLength: null }));
  heard.push(inspect(what, { depth: 12, customInspect: false, maxStringLength: null }));
  try {
    heard.push(JSON.stringify(what) ?? '');
  } catch {
    heard.push('circular');
  }
  if (what instanceof Error) {
    heard.push(what.message, String(what.stack), String(what), ...Object.values(what).map(String));
    if (what.cause !== undefined) hear(what.cause);
  }
};
const logger = { info: hear, warn: hear, error: hear };

let aws: FakeAws;
let undo: (() => void)[];

beforeEach(async () => {
  aws = await fakeAws({ regions: [US, EU] });
  heard.length = 0;
  const stop = (remove: () => void): number => undo.push(remove);
  undo = [];
  for (const event of EVENTS) {
    const name = `regionkit:config:${event}`;
    subscribe(name, hear);
    expect(channel(name).hasSubscribers).toBe(true);
    stop(() => unsubscribe(name, hear));
  }
  process.on('warning', hear);
  stop(() => process.off('warning', hear));
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const before = console[method];
    console[method] = (...all: unknown[]) => all.forEach(hear);
    stop(() => {
      console[method] = before;
    });
  }
});
afterEach(async () => {
  for (const remove of undo) remove();
  await aws.close();
});

/** Runs a config through start, refresh, change and printing, and hears all of it. */
async function live(sources: Record<string, Source>, meanwhile: () => void | Promise<void> = () => {}): Promise<void> {
  let config: Awaited<ReturnType<typeof loadConfig>>;
  const options = { regions, fallbackRegions: [EU], refresh: { timeoutMs: 250, minForcedMs: 1 }, logger };
  try {
    config = await loadConfig({ ...options, sources });
  } catch (error) {
    hear(error);
    return;
  }
  for (const event of EVENTS) config.on(event, hear);
  config.subscribe((change) => {
    hear(change);
    throw new Error('a subscriber fails');
  });
  const print = (): void => {
    hear(config);
    hear(config.status());
    for (const key of Object.keys(sources)) {
      const ref = config.ref(key);
      hear(ref);
      hear([config.version(key), `${config} ${ref}`]);
      const value = config.get(key);
      if (typeof value === 'object') {
        hear(value);
        hear({ nested: [value], text: `${value}` });
      }
      ref.subscribe(() => Promise.reject(new Error('a listener fails')) as never);
    }
  };
  print();
  await meanwhile();
  for (const key of Object.keys(sources)) {
    hear(await config.refresh(key, { reason: 'canary' }));
    hear(await config.ref(key).at('pending'));
    hear(await config.ref(key).at('previous'));
  }
  print();
  await config.close();
  print();
}

/** What went wrong is known, and nothing of the secret is. */
const expectSilence = (): void => {
  const all = heard.join('\n');
  expect(heard.length).toBeGreaterThan(0);
  expect(all).not.toContain(canary);
  expect(all).not.toContain(canary.slice(0, 7));
  expect(all).not.toContain(Buffer.from(canary).toString('base64').slice(0, 12));
};

const schemas: Record<string, Source['schema']> = {
  zod: z.strictObject({ password: z.string(), port: z.number() }),
  valibot: v.strictObject({ password: v.string(), port: v.number() }),
  arktype: type({ password: 'string', port: 'number', '+': 'reject' }),
  'one that throws': z.any().transform((value) => {
    throw new Error(JSON.stringify(value));
  }),
};
const bad: Record<string, string> = {
  'no JSON': canary,
  'JSON that stops': `{"password":"${canary}"`,
  'a value of the wrong type': JSON.stringify({ password: 'x', port: canary }),
  'a stray name': JSON.stringify({ password: 'x', port: 1, [canary]: canary }),
  'a name twice': `{"${canary}":1,"${canary}":2}`,
  'a list': JSON.stringify([canary]),
};

describe('no byte of a secret is heard', () => {
  describe.each(Object.entries(schemas))('with a schema of %s', (_, schema) => {
    test.each(Object.entries(bad))('that gets %s, at start and at a refresh', async (_, text) => {
      const clients = clientsOf(aws);
      const db = aws.secret('db', { value: text });
      const sources = { db: secret('db', { schema: schema as never, clients }) };
      await live(sources);
      db.put({ password: 'fine', port: 1 });
      await live(sources, () => void db.put(text));
      clients.close();
      expectSilence();
    });
  });

  test.each(FAULT_KINDS)('when the service has the fault %s, at start and at a refresh', async (fault) => {
    const clients = clientsOf(aws);
    aws.secret('db', { value: { password: canary } });
    aws.secret('text', { value: canary });
    aws.region(US).setParameter('/app/key', { type: 'SecureString', value: canary });
    aws.region(EU).setParameter('/app/key', canary);
    const break_ = (): void => {
      // Both regions, so that it is felt; the flood in one, so that it does not take long.
      aws.region(US).fault(fault);
      if (fault !== 'flood') aws.region(EU).fault(fault);
    };
    const sources = {
      db: secret('db', { schema: z.object({ password: z.string() }), clients }),
      app: parameters('/app/', { clients }),
    };
    await live(sources, break_);
    await live(sources);
    clients.close();
    expectSilence();
  });

  test('when it is rotated, and pending and previous versions are read', async () => {
    const clients = clientsOf(aws);
    const db = aws.secret('db', { value: { password: `${canary}1` } });
    const sources = { db: secret('db', { schema: z.object({ password: z.string() }), clients }) };
    await live(sources, async () => void (await db.rotate({ password: `${canary}2` })));
    clients.close();
    expectSilence();
  });

  test('in the environment, a file, values or a source of one’s own', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'regionkit-canary-'));
    const path = join(directory, 'secret');
    await writeFile(path, JSON.stringify({ password: canary }));
    const from = { PASSWORD: canary, PORT: canary };
    await live({
      env: env({ from }),
      file: file(path, { format: 'json' }),
      values: values({ password: canary, key: Buffer.from(canary) }),
    });
    await live({ env: env({ from, schema: z.object({ PORT: z.coerce.number() }) }) });
    await live({ file: file(path, { schema: z.object({ password: z.number() }) }) });
    await live({ own: { load: () => Promise.reject(new Error(canary, { cause: canary })) } });
    await live({ own: { load: () => Promise.reject(canary) } });
    await live({
      own: {
        load: () => {
          throw Object.assign(new TypeError(canary), { code: canary, name: canary, input: canary });
        },
      },
    });
    await rm(directory, { recursive: true });
    expectSilence();
  });

  test('by those who use a password', async () => {
    await using config = await loadConfig({ sources: { db: values({ username: 'app', password: canary }) }, logger });
    const ref = config.ref('db');
    const password = rotatingPassword(ref, { budgetMs: 1 });
    expect(await password()).toBe(canary);
    hear(password);
    hear(await password.retry({ code: '28P01' }));
    class Client {}
    hear(rotatingClient(Client, ref));
    await using wrong = await loadConfig({ sources: { db: values({ secret: canary }) }, logger });
    await rotatingPassword(wrong.ref('db'))().catch(hear);
    expectSilence();
  });
});

test('the canary is heard if somebody sings', () => {
  hear({ error: new Error(`password is ${canary}`) });
  expect(expectSilence).toThrow();
});
