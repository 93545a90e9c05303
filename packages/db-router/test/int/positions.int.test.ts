import { pipeline } from 'node:stream/promises';
import type { Lab } from '@regionkit/lab';
import pg, { type PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Name, readsLocally, startLab, startRouter } from './lab.ts';

describe('the position of what a leased client writes, on a standby that stands still', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query(`
      CREATE PROCEDURE commits_then_fails(note text) LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO note (text) VALUES (note); COMMIT; PERFORM 1 / 0; END $$`);
    await lab.caughtUp();
  });
  afterAll(() => lab.close());

  /** A router in `eu` that reads there, from a standby that replays no more. */
  const standingStill = async () => {
    await lab.region('eu').resumeReplay();
    await lab.caughtUp();
    const router = await startRouter(lab, 'eu', { tokenWaitMs: 0 });
    await readsLocally(router);
    await lab.region('eu').pauseReplay();
    return router;
  };
  const insert = (text: string) => `INSERT INTO note (text) VALUES ('${text}') RETURNING id`;
  const swallowed = () => {};

  /** Each way to write on a client, by the text it leaves behind. */
  const ways: { readonly [way: string]: (client: PoolClient, text: string) => Promise<unknown> } = {
    'a statement': (client, text) => client.query(insert(text)),
    'a statement with a callback': (client, text) =>
      new Promise((resolve) => client.query(insert(text), (_error: unknown, result: unknown) => resolve(result))),
    'a pg.Query': (client, text) =>
      new Promise((resolve) => {
        client.query(new pg.Query(insert(text), undefined as never, resolve as never) as never);
      }),
    COPY: (client, text) => pipeline([`${text}\n`], client.query(copyFrom('COPY note (text) FROM STDIN'))),
    'a cursor read to its end': async (client, text) => {
      const cursor = client.query(new Cursor(insert(text)));
      while ((await cursor.read(10)).length > 0);
    },
    'a cursor that is closed': async (client, text) => {
      const cursor = client.query(new Cursor(insert(text)));
      await cursor.read(1);
      await cursor.close();
    },
    'a stream read to its end': async (client, text) => {
      for await (const _ of client.query(new QueryStream(insert(text))));
    },
    'a stream that is left': async (client, text) => {
      for await (const _ of client.query(new QueryStream(insert(text), [], { batchSize: 1 }))) break;
    },
    'BEGIN, COPY, COMMIT': async (client, text) => {
      await client.query('BEGIN');
      await ways['COPY']?.(client, text);
      await client.query('COMMIT');
    },
    'a text that begins and commits': (client, text) => client.query(`BEGIN; ${insert(text)}; COMMIT`),
    'a text that commits, then fails': (client, text) =>
      client.query(`BEGIN; ${insert(text)}; COMMIT; SELECT 1 / 0`).catch(swallowed),
    'a CALL that commits, then fails': (client, text) =>
      client.query(`CALL commits_then_fails('${text}')`).catch(swallowed),
  };

  for (const which of ['primary', 'pool'] as const) {
    it.each(Object.keys(ways))(
      `router.${which}: %s is seen by the next read of its scope, and has a token`,
      async (way) => {
        const router = await standingStill();
        const text = `${which}: ${way}`;
        const read = () => router.read('SELECT FROM note WHERE text = $1', [text]);
        const token = await router.run({}, async () => {
          const client = await router[which].connect();
          await ways[way]?.(client, text);
          expect((await read()).rowCount).toBe(1);
          client.release();
          expect((await read()).rowCount).toBe(1);
          return router.token();
        });
        expect((await router.run({ token }, read)).rowCount).toBe(1);
        expect((await read()).rowCount).toBe(0);
        await eventually(() => router.primary.idleCount === router.primary.totalCount);
        expect(router.told('leak')).toEqual([]);
      },
    );
  }

  it.each(['a text that commits, then fails', 'a CALL that commits, then fails'])('router.write: %s', async (way) => {
    const router = await standingStill();
    const text = `write: ${way}`;
    await router.run({}, async () => {
      await ways[way]?.({ query: router.write } as unknown as PoolClient, text);
      expect(router.token()).toBeDefined();
      expect((await router.read('SELECT FROM note WHERE text = $1', [text])).rowCount).toBe(1);
    });
  });
});
