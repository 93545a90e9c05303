import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  compose,
  type Decider,
  type DeciderFailure,
  type DeciderKind,
  type Decision,
  type NextDecision,
  type NodeResponse,
  type ProxyDecision,
  type RequestOutcome,
  type RequestView,
  type RespondDecision,
  withDoors,
} from '../../src/index.ts';
import { app, eventually, ORIGIN, type Running, resetApp, store } from './hosts/host.ts';
import { hosts } from './hosts/index.ts';

const next = (more: Partial<NextDecision> = {}): NextDecision => ({ action: 'next', reason: 'test', ...more });

const redirect: RespondDecision = {
  action: 'respond',
  reason: 'test',
  status: 307,
  headers: [
    ['Location', 'https://eu.example/hello'],
    ['Cache-Control', 'no-store'],
    ['Vary', 'Cookie'],
    ['Set-Cookie', 'hop=1'],
    ['Set-Cookie', 'region=eu'],
    ['Access-Control-Expose-Headers', 'X-Region-Hint'],
  ],
};

const tea: RespondDecision = {
  action: 'respond',
  reason: 'test',
  status: 418,
  headers: [['Content-Type', 'application/json']],
  body: '{"tea":"Grün"}',
};

/** Another region that answers, on whichever side it is asked. */
const proxy = (more: Partial<ProxyDecision> = {}): ProxyDecision => ({
  action: 'proxy',
  reason: 'test',
  node: async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    (response as NodeResponse & { writeHead(status: number, headers: object): unknown }).writeHead(201, {
      'Set-Cookie': ['far=1', 'far=2'],
      'X-Region-Hint': 'far',
    });
    response.end(`far ${body}`);
  },
  fetch: async (request) =>
    new Response(`far ${await request.text()}`, {
      status: 201,
      headers: [
        ['Set-Cookie', 'far=1'],
        ['Set-Cookie', 'far=2'],
        ['X-Region-Hint', 'far'],
      ],
    }),
  ...more,
});

/** Comma lists may come as one field or as several: the same to every client. */
const list = (values: readonly string[]): string[] => values.flatMap((value) => value.split(/, */)).sort();

// Express logs every error outside its own environment `test`.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
afterAll(() => void vi.restoreAllMocks());

describe.each(hosts)('$name', ({ mount, start, transport }) => {
  let decider: Decider = { decide: () => next() };
  let running: Running;
  const decide = (given: Decision | Decider['decide'], kind?: DeciderKind): void => {
    const asked = typeof given === 'function' ? given : () => given;
    decider = { ...(kind && { kind }), decide: asked };
  };
  const get = (path: string, more: { method?: string; headers?: Record<string, string | string[]> } = {}) =>
    running.send({ path: mount + path, ...more, headers: { Origin: ORIGIN, ...more.headers } });
  const post = (path: string, body: string) =>
    running.send({
      method: 'POST',
      path: mount + path,
      body,
      headers: { Origin: ORIGIN, 'Content-Type': 'text/x-plain' },
    });

  beforeAll(async () => {
    running = await start(
      withDoors({
        get kind() {
          return decider.kind as DeciderKind;
        },
        decide: (request: RequestView) => decider.decide(request),
      }),
    );
  });
  afterAll(() => running.close());
  beforeEach(resetApp);

  describe('what a decider sees', () => {
    test('is the request as it was sent, and the path below the mount', async () => {
      let seen: RequestView | undefined;
      decide((request) => {
        seen = request;
        return next();
      });
      await get('/hello', { method: 'HEAD', headers: { 'X-Three': ['a', 'b', 'c'], Host: 'APP.example.com:8443' } });
      expect(seen).toMatchObject({
        method: 'HEAD',
        target: `${mount}/hello`,
        path: '/hello',
        host: 'APP.example.com:8443',
        httpVersion: transport === 'http2' ? '2.0' : '1.1',
      });
      expect(list(seen?.header('x-three') ?? [])).toEqual(['a', 'b', 'c']);
      expect(seen?.header('x-none')).toEqual([]);
    });

    test('keeps the query in the target and out of the path', async () => {
      const seen: string[] = [];
      decide((request) => {
        seen.push(request.target, request.path);
        return tea;
      });
      await get('/hello?a=/b&c=%2F#');
      await get(mount === '' ? '/?x=1' : '?x=1');
      expect(seen.map((part) => part.replace(/#$/, ''))).toEqual([
        `${mount}/hello?a=/b&c=%2F`,
        '/hello',
        `${mount || '/'}?x=1`,
        '/',
      ]);
    });

    test('stays as it was when the app has descended into its routers', async () => {
      let late: readonly string[] = [];
      decide((request) =>
        next({
          onHead: () => {
            late = [request.target, request.path, request.method];
          },
        }),
      );
      await get('/hello');
      expect(late).toEqual([`${mount}/hello`, '/hello', 'GET']);
    });

    test('is no host when the field was sent twice', async () => {
      let host: string | undefined = 'unset';
      decide((request) => {
        host = request.host;
        return tea;
      });
      if (transport === 'http2') await get('/hello', { headers: { Host: 'a.example' } });
      else await get('/hello', { headers: { Host: ['a.example', 'b.example'] } });
      expect(host).toBe(transport === 'http2' ? 'a.example' : undefined);
    });

    test('stands for the same request that a handler has', async () => {
      let raw: object | undefined;
      decide((request) => {
        raw = request.raw;
        return next();
      });
      await get('/hello');
      expect(raw).toBeTypeOf('object');
      expect(app.raw).toBe(raw);
    });
  });

  describe('next', () => {
    test('leaves the answer alone', async () => {
      decide(next());
      const answer = await get('/hello');
      expect(answer).toMatchObject({ status: 200, body: 'hello' });
      expect(answer.all('set-cookie').map((cookie) => cookie.split(';')[0])).toEqual(['app=1']);
      expect(answer.all('access-control-allow-origin')).toEqual([ORIGIN]);
    });

    test.each(['at once', 'later'])(
      'adds to the head what it decided %s, beside what the app has set',
      async (when) => {
        const heads: unknown[] = [];
        const decision = next({
          onHead: (head) => {
            heads.push(
              head.status,
              head.get('SET-cookie').map((cookie) => cookie.split(';')[0]),
              head.get('x-none'),
            );
            head.append('Set-Cookie', 'one=1');
            head.append('set-cookie', 'two=2');
            head.append('Vary', 'Cookie');
            head.set('X-Region-Hint', 'wrong');
            head.set('X-Region-Hint', 'eu');
            heads.push(head.get('x-region-hint'));
          },
        });
        decide(when === 'at once' ? decision : async () => decision);
        const answer = await get('/hello');
        expect(answer).toMatchObject({ status: 200, body: 'hello' });
        expect(heads).toEqual([200, ['app=1'], [], ['eu']]);
        expect(answer.all('set-cookie').map((cookie) => cookie.split(';')[0])).toEqual(['app=1', 'one=1', 'two=2']);
        expect(list(answer.all('vary'))).toEqual(['Cookie', 'Origin']);
        expect(answer.all('x-region-hint')).toEqual(['eu']);
      },
    );

    test('is told of the head of an error the framework answers', async () => {
      let status = 0;
      decide(
        next({
          onHead: (head) => {
            status = head.status;
            head.append('Set-Cookie', 'one=1');
          },
        }),
      );
      const answer = await get('/refuse');
      expect(status).toBe(503);
      expect(answer.all('set-cookie')).toEqual(['one=1']);
    });

    test.each(['at once', 'later'])(
      'opens a scope %s that covers the handler, also behind a body parser',
      async (when) => {
        const decision = next({ scope: (run) => store.run('inside', run) });
        decide(when === 'at once' ? decision : async () => decision);
        expect((await post('/echo', 'hello')).body).toBe('inside hello');
        expect(store.getStore()).toBeUndefined();
      },
    );

    test('keeps the scopes of simultaneous requests apart', async () => {
      let count = 0;
      decide(() => {
        count += 1;
        const name = `scope-${count}`;
        return next({ scope: (run) => store.run(name, run) });
      });
      const bodies = await Promise.all(Array.from({ length: 8 }, (_, at) => post('/echo', `b${at}`)));
      expect(new Set(bodies.map(({ body }) => body.split(' ')[0])).size).toBe(8);
    });

    test('tells the end of the request once', async () => {
      const ends: RequestOutcome[] = [];
      decide(next({ onDone: (outcome) => ends.push(outcome) }));
      await post('/echo', 'hello');
      await eventually(() => ends).toHaveLength(1);
      expect(ends[0]).toMatchObject({ status: 200, aborted: false, by: 'handler' });
      expect(ends[0]?.headMs).toBeGreaterThan(0);
      expect(ends[0]?.durationMs).toBeGreaterThanOrEqual(ends[0]?.headMs as number);
      await get('/refuse');
      await eventually(() => ends).toHaveLength(2);
      expect(ends[1]).toMatchObject({ status: 503, aborted: false, by: 'handler' });
    });
  });

  describe('a client that goes away', () => {
    test.each([
      ['before the head', '/hang', 0],
      ['in the middle of the answer', '/part', 200],
    ])('%s ends the request and aborts its signal', async (_when, path, status) => {
      const ends: RequestOutcome[] = [];
      let signal: AbortSignal | undefined;
      const decided = new Promise<void>((resolve) => {
        decide((request) => {
          signal = request.signal;
          resolve();
          return next({ onDone: (outcome) => ends.push(outcome) });
        });
      });
      const call = running.open({ path: mount + path });
      await decided;
      if (status !== 0) await call.headCame;
      expect(signal?.aborted).toBe(false);
      const aborted = once(signal as AbortSignal, 'abort');
      call.abandon();
      await aborted;
      // A fetch handler that never answers is never heard of again: the runtime has given it up.
      if (transport === 'fetch' && status === 0) return;
      await eventually(() => ends).toHaveLength(1);
      expect(ends[0]).toMatchObject({ status, aborted: true, by: 'handler' });
    });

    test('is not one that has got its answer', async () => {
      let signal: AbortSignal | undefined;
      const ended = new Promise((resolve) => {
        decide((request) => {
          signal = request.signal;
          return next({ onDone: resolve });
        });
      });
      await get('/hello');
      await ended;
      await new Promise((resolve) => setImmediate(resolve));
      expect(signal?.aborted).toBe(false);
    });
  });

  describe('respond', () => {
    test.each(['at once', 'later'])('answers %s with its own head beside that of CORS', async (when) => {
      decide(when === 'at once' ? redirect : async () => redirect);
      const answer = await get('/hello');
      expect(app.handled).toBe(0);
      expect(answer).toMatchObject({ status: 307, body: '' });
      expect(answer.all('location')).toEqual(['https://eu.example/hello']);
      expect(answer.all('cache-control')).toEqual(['no-store']);
      expect(answer.all('set-cookie')).toEqual(['hop=1', 'region=eu']);
      expect(list(answer.all('vary'))).toEqual(['Cookie', 'Origin']);
      expect(answer.all('access-control-allow-origin')).toEqual([ORIGIN]);
      expect(list(answer.all('access-control-expose-headers'))).toEqual(['X-Own', 'X-Region-Hint']);
    });

    test('answers HEAD like GET, without the body', async () => {
      decide(tea);
      const whole = await get('/hello');
      expect(whole).toMatchObject({ status: 418, body: '{"tea":"Grün"}' });
      expect(whole.all('content-type')).toEqual(['application/json']);
      expect(whole.all('content-length')).toEqual(['15']);
      const head = await get('/hello', { method: 'HEAD' });
      expect(head).toMatchObject({ status: 418, body: '' });
      expect(head.all('content-type')).toEqual(['application/json']);
      expect(head.all('content-length')).toEqual(['15']);
    });

    test('answers bytes, a path nobody serves, a request with a body, and an answer that may have none', async () => {
      decide({ ...tea, body: Buffer.from([0, 1, 2]) });
      expect((await get('/nowhere')).body).toBe('\u0000\u0001\u0002');
      expect((await post('/echo', 'x'.repeat(70_000))).status).toBe(418);
      decide({ action: 'respond', reason: 'test', status: 204, headers: [] });
      expect(await get('/hello')).toMatchObject({ status: 204, body: '' });
      expect(app.handled).toBe(0);
    });

    test('has hooks of its own', async () => {
      const ends: RequestOutcome[] = [];
      decide({
        ...tea,
        onHead: (head) => head.set('X-Status', String(head.status)),
        onDone: (outcome) => ends.push(outcome),
      });
      expect((await get('/hello')).all('x-status')).toEqual(['418']);
      await eventually(() => ends).toHaveLength(1);
      expect(ends[0]).toMatchObject({ status: 418, aborted: false, by: 'respond' });
    });

    test.each<[string, Partial<RespondDecision>]>([
      ['a value that splits the head', { headers: [['X-Bad', 'a\r\nb: c']] }],
      ['a name that is none', { headers: [['X Bad', 'a']] }],
      ['a status that is not final', { status: 101 }],
      ['a status that is none', { status: Number.NaN }],
      ['a body where there is none', { status: 204 }],
    ])('answers 503 instead of %s', async (_what, bad) => {
      decide({ ...tea, ...bad });
      const answer = await get('/hello');
      expect(answer.status).toBe(503);
      expect(answer.all('b')).toEqual([]);
      expect(app.handled).toBe(0);
    });
  });

  describe('proxy', () => {
    test.each(['at once', 'later'])(
      'hands the request over %s, its body unread, and keeps the head of CORS',
      async (when) => {
        decide(when === 'at once' ? proxy() : async () => proxy());
        const answer = await post('/echo', 'hello');
        expect(app.handled).toBe(0);
        expect(answer).toMatchObject({ status: 201, body: 'far hello' });
        expect(answer.all('set-cookie')).toEqual(['far=1', 'far=2']);
        expect(answer.all('access-control-allow-origin')).toEqual([ORIGIN]);
      },
    );

    test('has hooks of its own', async () => {
      const ends: RequestOutcome[] = [];
      decide(
        proxy({
          onHead: (head) => head.append('Set-Cookie', `near=${head.status}`),
          onDone: (outcome) => ends.push(outcome),
        }),
      );
      expect((await post('/echo', 'hello')).all('set-cookie')).toEqual(['far=1', 'far=2', 'near=201']);
      await eventually(() => ends).toHaveLength(1);
      expect(ends[0]).toMatchObject({ status: 201, aborted: false, by: 'proxy' });
    });

    test('that rejects after all is answered 503', async () => {
      const reject = () => Promise.reject(new Error('broken'));
      decide(proxy({ node: reject, fetch: reject }));
      expect((await post('/echo', 'hello')).status).toBe(503);
    });
  });

  describe('what fails', () => {
    const failures: DeciderFailure[] = [];
    const note = (failure: unknown): void => void failures.push(failure as DeciderFailure);
    beforeAll(() => subscribe('regionkit:core:failure', note));
    afterAll(() => {
      unsubscribe('regionkit:core:failure', note);
    });
    beforeEach(() => void failures.splice(0));

    const fail = (): never => {
      throw new Error('a bug');
    };
    const ways: readonly (readonly [string, Decider['decide']])[] = [
      ['throws', fail],
      ['rejects', async () => fail()],
      ['returns nothing', () => undefined as never],
    ];
    for (const [way, asked] of ways) {
      test.each(['health', 'affinity', undefined] as const)(
        `a decider of kind %s that ${way} lets the request continue`,
        async (kind) => {
          decide(asked, kind);
          expect(await get('/hello')).toMatchObject({ status: 200, body: 'hello' });
          expect(failures.map(({ part }) => part)).toEqual(['decide']);
        },
      );

      test.each(['session', 'gate'] as const)(`a decider of kind %s that ${way} answers 503`, async (kind) => {
        decide(asked, kind);
        const answer = await get('/hello');
        expect(app.handled).toBe(0);
        expect(answer.status).toBe(503);
        expect(answer.all('retry-after')).toEqual(['1']);
        expect(answer.all('cache-control')).toEqual(['no-store']);
        expect(answer.all('content-type')).toEqual(['application/problem+json']);
        expect(JSON.parse(answer.body)).toMatchObject({ status: 503 });
        expect(answer.body).not.toContain('a bug');
        expect(answer.all('access-control-allow-origin')).toEqual([ORIGIN]);
      });
    }

    test('in a hook harms nothing else', async () => {
      decide(next({ onHead: fail, onDone: fail }));
      expect(await get('/hello')).toMatchObject({ status: 200, body: 'hello' });
      await eventually(() => failures.map(({ part }) => part)).toEqual(['onHead', 'onDone']);
    });

    test('in a scope harms nothing else, and the handler runs once', async () => {
      const scopes: readonly NonNullable<NextDecision['scope']>[] = [
        fail,
        ((run) => {
          run();
          fail();
        }) as NonNullable<NextDecision['scope']>,
        (run) => {
          run();
          return run();
        },
        (() => undefined) as never,
      ];
      for (const scope of scopes) {
        resetApp();
        decide(next({ scope }));
        expect(await get('/hello')).toMatchObject({ status: 200, body: 'hello' });
        expect(app.handled).toBe(1);
      }
    });
  });

  describe.each<[string, () => Decision]>([
    ['next', () => next()],
    ['respond', () => tea],
    ['proxy', () => proxy()],
  ])('a hook that is asked whether it wants the head of %s', (_action, decision) => {
    test.each<[string, () => unknown, boolean]>([
      ['says no', () => false, false],
      ['says yes', () => true, true],
      [
        'fails',
        () => {
          throw new Error('a bug');
        },
        true,
      ],
      ['answers nothing', () => undefined, true],
    ])('%s', async (_what, answer, isCalled) => {
      const steps: string[] = [];
      decide({
        ...decision(),
        wantsHead: () => {
          steps.push(`asked after ${app.handled}`);
          return answer() as boolean;
        },
        onHead: (head) => {
          steps.push('called');
          head.append('Set-Cookie', 'ours=1');
        },
      });
      const answered = await post('/echo', 'hello');
      const handled = decision().action === 'next' ? 1 : 0;
      expect(steps).toEqual([`asked after ${handled}`, ...(isCalled ? ['called'] : [])]);
      expect(answered.all('set-cookie').includes('ours=1')).toBe(isCalled);
      expect(answered.all('access-control-allow-origin')).toEqual([ORIGIN]);
    });
  });

  describe('a composition', () => {
    const outer = new AsyncLocalStorage<string>();
    const ends: string[] = [];
    const affinity = (more: Partial<NextDecision> = {}): Decider => ({
      kind: 'affinity',
      decide: () =>
        next({
          onHead: (head) => {
            head.append('Set-Cookie', 'region=eu');
            head.set('X-Region-Hint', 'eu');
          },
          onDone: ({ by, status }) => ends.push(`affinity ${by} ${status}`),
          scope: (run) => outer.run('outer', run),
          ...more,
        }),
    });
    const session = (later: boolean): Decider => ({
      kind: 'session',
      decide: () => {
        const decision = next({
          onHead: (head) => head.append('Set-Cookie', `session=${head.get('set-cookie').length}`),
          scope: (run) => store.run(`inner of ${outer.getStore()}`, run),
        });
        return later ? Promise.resolve(decision) : decision;
      },
    });
    const gate = (decision: Decision): Decider => ({
      kind: 'gate',
      decide: () => ({ ...decision, onDone: ({ by, status }) => ends.push(`gate ${by} ${status}`) }),
    });
    beforeEach(() => void ends.splice(0));

    test.each([false, true])('nests scopes and shares one head (late: %s)', async (late) => {
      const whole = compose(affinity(), session(late), gate(next()));
      decide((request) => whole.decide(request));
      const answer = await post('/echo', 'hello');
      expect(answer.body).toBe('inner of outer hello');
      expect(answer.all('set-cookie')).toEqual(['session=0', 'region=eu']);
      await eventually(() => ends).toEqual(['affinity handler 200', 'gate handler 200']);
    });

    test.each([false, true])('adds what came before to what a later one answers (late: %s)', async (late) => {
      const whole = compose(
        affinity(),
        session(late),
        gate({ ...tea, headers: [...tea.headers, ['X-Region-Hint', 'us'], ['Set-Cookie', 'gate=1']] }),
      );
      decide((request) => whole.decide(request));
      const answer = await get('/hello');
      expect(answer.status).toBe(418);
      expect(answer.all('x-region-hint')).toEqual(['us']);
      expect(answer.all('set-cookie')).toEqual(['gate=1', 'session=1', 'region=eu']);
      await eventually(() => ends).toEqual(['affinity respond 418', 'gate respond 418']);
    });

    test('calls those hooks alone that want the head', async () => {
      const whole = compose(affinity({ wantsHead: () => false }), session(false), gate(next()));
      decide((request) => whole.decide(request));
      expect((await post('/echo', 'hello')).all('set-cookie')).toEqual(['session=0']);
    });

    test('adds what came before to what another region answers, whose hint stays', async () => {
      const whole = compose(affinity(), session(false), gate(proxy()));
      decide((request) => whole.decide(request));
      const answer = await post('/echo', 'hello');
      expect(answer).toMatchObject({ status: 201, body: 'far hello' });
      expect(answer.all('x-region-hint')).toEqual(['far']);
      expect(answer.all('set-cookie')).toEqual(['far=1', 'far=2', 'session=2', 'region=eu']);
      await eventually(() => ends).toEqual(['affinity proxy 201', 'gate proxy 201']);
    });
  });
});
