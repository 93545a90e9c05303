import http from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import express5 from 'express';
import express4 from 'express-4';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, test, vi } from 'vitest';
import { isRegionKitError, RegionKitError, regionKitErrorOf } from '../src/index.ts';
import { overFetch, overHttp } from './doors/hosts/clients.ts';
import type { Running } from './doors/hosts/host.ts';

class LostError extends RegionKitError<'ERR_LOST'> {}

const hidden = (): LostError =>
  new LostError('ERR_LOST', 'the primary is lost', {
    status: 503,
    headers: { 'Retry-After': '7', 'X-Region-Hint': 'us-east-1' },
  });
const exposed = (): RegionKitError => new RegionKitError('ERR_MISDIRECTED', 'this is not the primary', { status: 421 });

/** Apps that do nothing about errors. `GET /` throws what `error` makes. */
const apps: Readonly<Record<string, (error: () => Error) => Promise<Running>>> = {
  'Express 5': (error) => {
    const app = express5().set('env', 'production');
    app.get('/', async () => {
      throw error();
    });
    return overHttp(http.createServer(app));
  },
  'Express 4': (error) => {
    const app = (express4 as unknown as typeof express5)().set('env', 'production');
    app.get('/', () => {
      throw error();
    });
    return overHttp(http.createServer(app));
  },
  'Koa 3': (error) => {
    const app = new Koa();
    app.silent = true;
    app.use(async () => {
      throw error();
    });
    return overHttp(http.createServer(app.callback()));
  },
  'Fastify 5': async (error) => {
    const app = Fastify();
    app.get('/', async () => {
      throw error();
    });
    await app.ready();
    return overHttp(app.server);
  },
  'Hono 4 on Node': (error) => {
    const app = new Hono().get('/', () => {
      throw error();
    });
    return overHttp(createAdaptorServer({ fetch: app.fetch }) as http.Server);
  },
  'Hono 4 as a fetch handler': async (error) => {
    const app = new Hono().get('/', () => {
      throw error();
    });
    return overFetch((request) => app.fetch(request));
  },
};

describe.each(Object.entries(apps))('RegionKitError in %s, without an error handler of the user', (name, start) => {
  const answerTo = async (error: () => Error) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const running = await start(error);
    try {
      return await running.send({ path: '/' });
    } finally {
      await running.close();
      log.mockRestore();
    }
  };

  test('answers with its status and headers, and without its stack', async () => {
    const answer = await answerTo(hidden);
    expect(answer.status).toBe(503);
    expect(answer.all('retry-after')).toEqual(['7']);
    expect(answer.all('x-region-hint')).toEqual(['us-east-1']);
    expect(answer.all('cache-control')).toEqual(['no-store']);
    expect(answer.body).not.toMatch(/errors\.test|at async|node:internal/);
    // Fastify shows the message of every error: ours are constants that may be seen.
    if (name !== 'Fastify 5') expect(answer.body).not.toContain('the primary is lost');
  });

  test('shows its message when it is exposed', async () => {
    const answer = await answerTo(exposed);
    expect(answer.status).toBe(421);
    expect(answer.all('cache-control')).toEqual(['no-store']);
    // Express shows the text of the status alone in production.
    if (!name.startsWith('Express')) expect(answer.body).toContain('this is not the primary');
    expect(answer.body).not.toMatch(/errors\.test|at async|node:internal/);
  });
});

describe('RegionKitError', () => {
  test('carries what the frameworks look for', () => {
    const cause = new Error('behind');
    const error = new LostError('ERR_LOST', 'lost', { status: 503, headers: { 'Retry-After': '7' }, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'LostError', code: 'ERR_LOST', status: 503, statusCode: 503, expose: false });
    expect(error.headers).toEqual({ 'cache-control': 'no-store', 'Retry-After': '7' });
    expect(Object.isFrozen(error.headers)).toBe(true);
    expect(error.cause).toBe(cause);
    expect('cause' in new LostError('ERR_LOST', 'lost')).toBe(false);
    expect(new RegionKitError('ERR_X', 'x')).toMatchObject({ name: 'RegionKitError', status: 500, expose: false });
    expect(new RegionKitError('ERR_X', 'x', { status: 404 }).expose).toBe(true);
    expect(new RegionKitError('ERR_X', 'x', { status: 404, expose: false }).expose).toBe(false);
  });

  test('becomes a problem document, with its message only if it is exposed', async () => {
    const response = hidden().getResponse();
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('retry-after')).toBe('7');
    expect(await response.json()).toEqual({ type: 'about:blank', status: 503, code: 'ERR_LOST' });
    expect(await exposed().getResponse().json()).toMatchObject({ detail: 'this is not the primary' });
  });

  test('is recognised across two copies of the package, and nothing else is', async () => {
    vi.resetModules();
    const copy = await import('../src/errors.ts');
    expect(copy.RegionKitError).not.toBe(RegionKitError);
    const foreign = new copy.RegionKitError('ERR_X', 'x');
    expect(foreign).not.toBeInstanceOf(RegionKitError);
    expect(isRegionKitError(foreign)).toBe(true);
    expect(copy.isRegionKitError(hidden())).toBe(true);
    for (const other of [undefined, null, 'ERR_X', new Error('x'), { code: 'ERR_X' }, () => {}]) {
      expect(isRegionKitError(other)).toBe(false);
    }
  });

  test('shows its brand to nobody', () => {
    const symbols = Object.keys(Object.getOwnPropertyDescriptors(hidden())).concat(JSON.stringify(hidden()));
    expect(symbols.join()).not.toContain('regionkit.error');
  });
});

describe('regionKitErrorOf()', () => {
  const known = new RegionKitError('ERR_TEST', 'a test');

  test('finds the error behind what an ORM wrapped around it', () => {
    expect(regionKitErrorOf(known)).toBe(known);
    expect(regionKitErrorOf(new Error('Failed query', { cause: new Error('driver', { cause: known }) }))).toBe(known);
  });

  test.each(['driverError', 'original'])('finds it in %s, where an ORM keeps the error of its driver', (name) => {
    expect(regionKitErrorOf(Object.assign(new Error('Failed query'), { [name]: known }))).toBe(known);
    expect(regionKitErrorOf(Object.assign(new Error('Failed query'), { [name]: 'text' }))).toBeUndefined();
  });

  test('finds nothing in other errors, in values that are none, and in causes that go round', () => {
    const round = new Error('round');
    round.cause = round;
    for (const value of [new Error('plain'), round, undefined, null, 'text', { cause: known }]) {
      expect(regionKitErrorOf(value)).toBeUndefined();
    }
  });
});
