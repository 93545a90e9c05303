import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf } from '../../src/index.ts';
import { eventually, failureOf, type Name, startLab, startRouter, type TestRouter } from './lab.ts';

const TEXT = "INSERT INTO note (text) VALUES ('by mistake') RETURNING id";

/** What takes its answer by itself. */
const FORMS: { readonly [form: string]: () => object } = {
  'a pg.Query': () => new pg.Query(TEXT),
  'a named pg.Query': () => new pg.Query({ name: 'mistake', text: TEXT, values: [] }),
  'a cursor': () => new Cursor(TEXT),
  'a cursor with values': () => new Cursor(TEXT, []),
  'a stream': () => new QueryStream(TEXT),
  COPY: () => copyTo('COPY note TO STDOUT'),
};

/** Each way to give it to the router and not to a pool or a client. */
const WAYS: { readonly [way: string]: (router: TestRouter, form: never) => Promise<unknown> } = {
  'read()': (router, form) => router.read(form),
  'write()': (router, form) => router.write(form),
  'transaction()': (router, form) => router.transaction((tx) => tx.query(form)),
  'a read-only transaction()': (router, form) => router.transaction((tx) => tx.query(form), { readOnly: true }),
  'batch()': (router, form) => router.batch([form]),
};

describe('a statement in a form whose answer nobody would get', () => {
  let lab: Lab<Name>;
  let router: TestRouter;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us'] });
  });
  afterAll(() => lab.close());

  const inUs = async () => {
    router = await startRouter(lab, 'us', { max: 1 });
    await eventually(() => router.explain('write').action === 'run');
  };
  /** Nothing was sent, and nothing is out. */
  const expectNothingDone = async () => {
    expect(await lab.primary.query("SELECT FROM note WHERE text = 'by mistake'")).toEqual([]);
    expect((await router.write('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(router.stats()).toMatchObject({ leased: 0, discarded: 0 });
  };

  for (const form of Object.keys(FORMS)) {
    it.each(Object.keys(WAYS))(
      `${form} is refused at once, with what to do, in a scope and without: %s`,
      async (way) => {
        await inUs();
        const ask = () => WAYS[way]?.(router, FORMS[form]?.() as never) as Promise<unknown>;
        for (const failing of [ask(), router.run({}, ask), router.run({ access: 'read' }, ask)]) {
          const failure = await failureOf(failing);
          expect(failure.message).toMatch(/\{ text, values\?? }/);
          expect(outcomeOf(failure)).toBe('not-sent');
        }
        await expectNothingDone();
      },
    );
  }

  const callback = () => {};
  const CALLED_BACK: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['read()', () => router.read(TEXT, callback as never)],
    ['write()', () => router.write(TEXT, callback as never)],
    ['transaction()', () => router.transaction((tx) => tx.query(TEXT, callback as never))],
    [
      'a read-only transaction()',
      () => router.transaction((tx) => tx.query(TEXT, callback as never), { readOnly: true }),
    ],
  ];

  it.each(CALLED_BACK)('a callback behind it is refused, as it would never be called: %s', async (_way, ask) => {
    await inUs();
    for (const failing of [ask(), router.run({}, ask)]) {
      const failure = await failureOf(failing);
      expect(failure).toBeInstanceOf(TypeError);
      expect(failure.message).toContain('router.primary');
      expect(outcomeOf(failure)).toBe('not-sent');
    }
    await expectNothingDone();
  });
});
