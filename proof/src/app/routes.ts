import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { isRegionKitError } from '@regionkit/core';
import { outcomeOf, type RegionRouter } from '@regionkit/db-router';
import { createLedger, fingerprintOf, idempotencyOf } from '@regionkit/db-router/ledger';
import type { QueryResult } from 'pg';
import type { OperationKind } from '../history/entries.ts';
import type { Region } from '../regions.ts';
import { APPEND, APPEND_ONCE, GET, LIST, SET } from './schema.ts';

type Statement = readonly [text: string, values: readonly unknown[]];

/**
 * The app proper: registers that are set and read, lists that are appended to and read.
 *
 * @param self the process, such as `us/0`
 */
export function createRoutes(self: string, router: RegionRouter<Region>) {
  const ledger = createLedger(router);
  const known = whenSent(() => router.gate.highest()?.timeline ?? 0);
  const state = whenSent(() => router.topology().state);
  /** What is known goes in with each statement: the row then proves what its sender knew. */
  const values = (id: string, part: number, key: string): readonly unknown[] => [id, part, key, self, known, state];

  const writers = {
    set: async ({ id, key }) => {
      const { rows } = await router.write<{ version: number }>(SET, values(id, 0, key));
      return { version: rows[0]?.version };
    },
    append: async ({ id, key }) => {
      await router.write(APPEND, values(id, 0, key));
      return {};
    },
    'append-slowly': async ({ id, key, pauseMs }) => {
      await router.transaction(async (tx) => {
        await tx.query(APPEND, values(id, 0, key));
        await pause(pauseMs);
        await tx.query(APPEND, values(id, 1, key));
      });
      return {};
    },
    'append-batch': async ({ id, key }) => {
      await router.batch([0, 1].map((part) => ({ text: APPEND, values: values(id, part, key) })));
      return {};
    },
    // The id is that of the request, and the key that of the write: a retry has another id.
    once: async ({ id, key, pauseMs, request }) => {
      const { key: once } = idempotencyOf(request, undefined);
      const [actor = ''] = once.split('/');
      return ledger.once(
        once,
        actor,
        async (tx) => {
          await tx.query(APPEND_ONCE, [...values(id, 0, key), once]);
          await pause(pauseMs);
          return { performed: id };
        },
        { fingerprint: fingerprintOf(key) },
      );
    },
    // As an ORM does it.
    'append-pooled': async ({ id, key, pauseMs }) => {
      const client = await router.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(APPEND, [...values(id, 0, key)]);
        await pause(pauseMs / 4);
        await client.query('COMMIT');
      } catch (error) {
        // What this throws takes the place of what COMMIT met.
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
      return {};
    },
  } satisfies Partial<Record<OperationKind, (asked: Asked) => Promise<object>>>;

  /** Every way there is to read, in turn. */
  const read = (id: string, [text, given]: Statement): Promise<QueryResult> => {
    switch (Number(id.slice(id.lastIndexOf('-') + 1)) % 4) {
      case 0:
        return router.pool.query(text, [...given]);
      case 1:
        return router.transaction((tx) => tx.query(text, given), { readOnly: true });
      case 2:
        return router.replica.query(text, [...given]);
      default:
        return router.read(text, given);
    }
  };
  const readers = {
    get: async ({ id, key }) => {
      const { rows } = await read(id, [GET, [key, known]]);
      return { value: rows[0]?.operation, version: rows[0]?.version, written: rows[0]?.written, known: rows[0]?.known };
    },
    list: async ({ id, key }) => {
      const { rows } = await read(id, [LIST, [key, known]]);
      return { entries: rows[0]?.entries, written: rows[0]?.written, known: rows[0]?.known };
    },
    visit: async () => ({}),
  } satisfies Partial<Record<OperationKind, (asked: Asked) => Promise<object>>>;

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('x-proof-served', router.self);
    request.resume();
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const [, kind = '', ...key] = pathname.split('/');
    const id = searchParams.get('id') ?? '';
    const asked = { id, key: key.join('/'), pauseMs: Number(searchParams.get('pause') ?? 0), request };
    const routes: Readonly<Record<string, (asked: Asked) => Promise<object>>> =
      request.method === 'POST' ? writers : readers;
    const route = routes[kind];
    try {
      if (route === undefined) answer(response, 404, { code: 'not-found', outcome: 'not-sent' });
      else answer(response, 200, await route(asked));
    } catch (error) {
      refuse(response, error);
    }
  };
}

/**
 * A value that node-postgres asks for only when it writes the statement out: a statement that was held or tried again says
 * what its sender knew then, not when it was called.
 */
function whenSent(ask: () => unknown): { readonly toPostgres: () => unknown } {
  return { toPostgres: ask };
}

interface Asked {
  readonly id: string;
  readonly key: string;
  readonly pauseMs: number;
  readonly request: IncomingMessage;
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** As any app should: what the error says of itself, and what became of the statement. */
function refuse(response: ServerResponse, error: unknown): void {
  const mine = isRegionKitError(error) ? error : undefined;
  for (const [name, value] of Object.entries(mine?.headers ?? {})) {
    if (!response.headersSent) response.setHeader(name, value);
  }
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  // A mistake of ours or of the packages has no outcome, and must not look as if it had one.
  const isMistake = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  if (isMistake) process.stderr.write(`${error.stack}\n`);
  answer(response, mine?.status ?? 500, {
    code: code ?? message,
    ...(!isMistake && { outcome: outcomeOf(error) }),
  });
}
