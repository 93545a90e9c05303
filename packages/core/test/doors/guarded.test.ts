import http from 'node:http';
import Router, { type RouterMiddleware } from '@koa/router';
import Koa from 'koa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Decision, withDoors } from '../../src/index.ts';
import { guardedApps } from './guarded/apps.ts';
import { askHttp } from './guarded/ask.ts';
import { type Ask, asksOf } from './guarded/spellings.ts';

const REFUSE: Decision = { action: 'respond', reason: 'test', status: 401, headers: [] };
const PASS: Decision = { action: 'next', reason: 'test' };
const named = ({ method, target, fields }: Ask): string => `${method} ${target}${fields === undefined ? '' : ' +CORS'}`;

// Hono logs what its server cannot make a `Request` of.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
afterAll(() => void vi.restoreAllMocks());

describe.each(guardedApps)('$name', (app) => {
  /** The requests that got to the handler, one after the other, so that each is known by itself. */
  const reachedBy = async (decision: Decision): Promise<{ reached: string[]; unasked: string[] }> => {
    let asked = 0;
    let handled = 0;
    const door = withDoors({
      kind: 'session',
      decide: () => {
        asked += 1;
        return decision;
      },
    });
    const running = await app.start(door, () => {
      handled += 1;
    });
    const reached: string[] = [];
    const unasked: string[] = [];
    try {
      for (const ask of asksOf(app)) {
        const before = { asked, handled };
        await running.ask(ask);
        if (handled > before.handled) reached.push(named(ask));
        if (handled > before.handled && asked === before.asked) unasked.push(named(ask));
      }
    } finally {
      await running.close();
    }
    return { reached, unasked };
  };

  test('no spelling and no method of a request passes a door that refuses', async () => {
    expect((await reachedBy(REFUSE)).reached).toEqual([]);
  });

  test('every request that gets to the handler was decided about, and the plain ones do get there', async () => {
    const { reached, unasked } = await reachedBy(PASS);
    expect(unasked).toEqual([]);
    const path = app.mount + app.route;
    expect(reached).toEqual(
      expect.arrayContaining([`GET ${path}`, `GET ${path}?a=/b`, `HEAD ${path}`, `OPTIONS ${path}`, `POST ${path}`]),
    );
  });
});

test('the advice about @koa/router is needed: its `use` misses what its routes take', async () => {
  let handled = 0;
  const router = new Router({ prefix: '/admin' });
  router.use(withDoors({ decide: () => REFUSE }).koa() as RouterMiddleware);
  router.all('/report', () => {
    handled += 1;
  });
  const running = await askHttp(http.createServer(new Koa().use(router.routes()).callback()));
  expect(await running.ask({ method: 'GET', target: '/admin/report' })).toBe(401);
  expect(handled).toBe(0);
  await running.ask({ method: 'GET', target: '/ADMIN/REPORT' });
  expect(handled).toBe(1);
  await running.close();
});
