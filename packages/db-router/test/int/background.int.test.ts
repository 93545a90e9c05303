import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '@regionkit/core';
import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { postgresReadings } from '../../src/index.ts';
import { eventually, type Name, sleep, startLab, startRouter } from './lab.ts';

describe('work in the background', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
  });
  afterAll(() => lab.close());

  it('keeps the context of no request: what it opens, saves and schedules outlives them all', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen = new Map<string, Set<string | undefined>>();
    const note = (what: string): void => {
      seen.set(what, (seen.get(what) ?? new Set()).add(context.getStore()));
    };
    const router = await startRouter(lab, 'us', {
      random: () => {
        note('a pause between two looks');
        return 0.5;
      },
      epoch: { load: async () => note('load') as undefined, save: async () => note('save') },
    });
    for (const pool of Object.values(router.wrapped)) pool.on('connect', () => note('a connection'));
    await context.run('request', async () => {
      await router.ready();
      router.gate.recheckPrimary();
      await router.write('SELECT 1');
      await eventually(() => seen.has('save') && seen.has('a connection'));
      seen.get('a pause between two looks')?.clear();
      router.gate.recheckPrimary();
      await eventually(() => (seen.get('a pause between two looks')?.size ?? 0) > 0);
    });
    for (const [what, contexts] of seen) expect([what, ...contexts]).toEqual([what, undefined]);
    expect([...seen.keys()].sort()).toEqual(['a connection', 'a pause between two looks', 'load', 'save']);
  });

  it('a statement that waited for a connection is sent in the context of its caller, in a scope and outside', async () => {
    const context = new AsyncLocalStorage<string>();
    const sent: (readonly [text: string, context: string | undefined])[] = [];
    class Traced extends pg.Client {
      constructor(config?: pg.ClientConfig) {
        super(config);
        const { query } = this;
        this.query = ((...given: [string | { readonly text?: string }]) => {
          const text = typeof given[0] === 'string' ? given[0] : (given[0].text ?? '');
          if (text.includes('traced')) sent.push([text, context.getStore()]);
          return query.apply(this, given as never);
        }) as never;
      }
    }
    const router = await startRouter(lab, 'us', {
      reach: ['us'],
      max: 1,
      coldStart: 'trust',
      pool: { Client: Traced },
    });
    await eventually(() => router.explain('write').action === 'run');
    const ways: readonly ((text: string) => Promise<unknown>)[] = [
      (text) => router.write(text),
      (text) => router.read(text),
      (text) => router.pool.query(text),
      (text) => router.run({}, () => router.write(text)),
      (text) => router.run({ access: 'read' }, () => router.read(text)),
      (text) => router.run({ access: 'read' }, () => router.pool.query(text)),
    ];
    await Promise.all(
      ways.map((ask, way) => context.run(`request ${way}`, () => ask(`SELECT 'traced request ${way}'`))),
    );
    expect(sent.map(([text]) => text).sort()).toEqual(ways.map((_, way) => `SELECT 'traced request ${way}'`));
    for (const [text, own] of sent) expect(text).toBe(`SELECT 'traced ${own}'`);
  });

  it('survives whatever the app’s own functions throw', async () => {
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown) => void rejections.push(reason);
    process.on('unhandledRejection', onRejection);
    onTestFinished(() => void process.off('unhandledRejection', onRejection));
    const called = new Set<string>();
    const fail = (name: string) => (): never => {
      called.add(name);
      throw new Error(`${name} of the app`);
    };
    const failLater = (name: string) => async (): Promise<never> => fail(name)();
    const readings = { ...postgresReadings };
    const router = await startRouter(lab, 'us', {
      random: fail('random'),
      logger: { info: failLater('logger'), warn: failLater('logger'), error: fail('logger') } as unknown as Logger,
      epoch: { load: failLater('load'), save: fail('save') },
      readings,
    });
    router.on('node', fail('listener'));
    router.on('route', failLater('later listener') as never);
    await router.ready();
    await router.write('SELECT 1');
    await router.read('SELECT 1');
    Object.assign(readings, { parse: fail('parse') });
    router.recycle();
    router.gate.recheckPrimary();
    await eventually(() => called.has('parse'));
    await sleep(50);
    expect(rejections).toEqual([]);
    expect([...called].sort()).toEqual(['later listener', 'listener', 'load', 'logger', 'parse', 'random']);
  });
});
