import { describe, expect, test } from 'vitest';
import { type Decision, type NextDecision, type RequestOutcome, type RequestView, withDoors } from '../../src/index.ts';

const url = 'https://app.example.com/a/b?c=d#e';
const door = (hooks: Partial<NextDecision> = {}) =>
  withDoors({ decide: (): Decision => ({ action: 'next', reason: 'test', ...hooks }) });
const mark: Partial<NextDecision> = { onHead: (head) => head.append('Set-Cookie', 'ours=1') };

describe('the request of a fetch handler', () => {
  const seen = async (request: Request): Promise<RequestView> => {
    let view: RequestView | undefined;
    const decider = withDoors({
      decide: (given: RequestView): Decision => {
        view = given;
        return { action: 'next', reason: 'test' };
      },
    });
    await decider.fetch(() => new Response())(request);
    return view as RequestView;
  };

  test('is seen as parsed', async () => {
    const request = new Request(url, { method: 'PUT', headers: { cookie: 'a=1' }, body: 'x' });
    const view = await seen(request);
    expect(view).toMatchObject({ method: 'PUT', target: '/a/b?c=d', path: '/a/b', host: 'app.example.com' });
    expect(view.raw).toBe(request);
    expect(view.signal).toBe(request.signal);
    expect(view.header('cookie')).toEqual(['a=1']);
    expect(view.header('accept')).toEqual([]);
  });

  test('has the host that was sent, before that of the URL', async () => {
    expect((await seen(new Request(url, { headers: { host: 'other.example' } }))).host).toBe('other.example');
    const twice = new Headers([
      ['host', 'a.example'],
      ['host', 'b.example'],
    ]);
    expect((await seen(new Request(url, { headers: twice }))).host).toBeUndefined();
  });

  test('has a target even without a path', async () => {
    expect((await seen(new Request('https://app.example.com'))).target).toBe('/');
    expect((await seen(new Request('https://app.example.com?x=1'))).target).toBe('/?x=1');
    expect((await seen(new Request('https://app.example.com:8443/x#y/z'))).target).toBe('/x');
  });
});

describe('a hook on the head of a fetch response', () => {
  test.each([
    ['a redirect', () => Response.redirect('https://eu.example/', 307), 307],
    ['one without a body', () => new Response(null, { status: 204 }), 204],
    ['a 304', () => new Response(null, { status: 304 }), 304],
    ['JSON', () => Response.json({ a: 1 }), 200],
  ])('reaches %s, whose headers may be immutable', async (_what, answer, status) => {
    const response = await door(mark).fetch(answer)(new Request(url));
    expect(response.status).toBe(status);
    expect(response.headers.getSetCookie()).toEqual(['ours=1']);
  });

  test('reaches what came from fetch()', async () => {
    const response = await door(mark).fetch(() => fetch('data:text/plain,far'))(new Request(url));
    expect(response.headers.getSetCookie()).toEqual(['ours=1']);
    expect(await response.text()).toBe('far');
  });

  test('leaves a response alone that an app answers again and again', async () => {
    const shared = new Response(null, { status: 204, headers: { 'x-app': 'yes' } });
    const handler = door(mark).fetch(() => shared);
    for (let at = 0; at < 2; at += 1) {
      const response = await handler(new Request(url));
      expect(response.headers.getSetCookie()).toEqual(['ours=1']);
      expect(response.headers.get('x-app')).toBe('yes');
    }
    expect(shared.headers.getSetCookie()).toEqual([]);
  });

  test('that changes nothing gives the very response of the app', async () => {
    const response = new Response('x');
    let status = 0;
    const only = door({
      onHead: (head) => {
        status = head.status;
      },
    });
    expect(await only.fetch(() => response)(new Request(url))).toBe(response);
    expect(status).toBe(200);
    expect(door().fetch(() => response)(new Request(url))).toBe(response);
  });

  test('that meets a response nobody can copy harms nothing else', async () => {
    const error = Response.error();
    expect(await door(mark).fetch(() => error)(new Request(url))).toBe(error);
  });
});

describe('the end of a fetch response', () => {
  const watching = () => {
    const ends: RequestOutcome[] = [];
    return { ends, watched: door({ onDone: (outcome) => ends.push(outcome) }) };
  };

  test('is when its body was read to the end', async () => {
    const { ends, watched } = watching();
    const response = await watched.fetch(() => new Response('hello', { status: 201 }))(new Request(url));
    expect(ends).toEqual([]);
    expect(await response.text()).toBe('hello');
    expect(ends).toMatchObject([{ status: 201, aborted: false, by: 'handler' }]);
  });

  test('is at once without a body', async () => {
    const { ends, watched } = watching();
    await watched.fetch(() => new Response(null, { status: 204 }))(new Request(url));
    expect(ends).toMatchObject([{ status: 204, aborted: false }]);
  });

  test('is early when the body is given up, which the app is told', async () => {
    const { ends, watched } = watching();
    let cancelled: unknown;
    const body = new ReadableStream({
      pull: (part) => part.enqueue(Buffer.from('part')),
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const response = await watched.fetch(() => new Response(body))(new Request(url));
    await response.body?.cancel('enough');
    expect(cancelled).toBe('enough');
    expect(ends).toMatchObject([{ status: 200, aborted: true }]);
  });

  test('is early when the body fails, which the reader is told', async () => {
    const { ends, watched } = watching();
    const body = new ReadableStream({
      pull: () => {
        throw new Error('of the app');
      },
    });
    const response = await watched.fetch(() => new Response(body))(new Request(url));
    await expect(response.text()).rejects.toThrow('of the app');
    expect(ends).toMatchObject([{ status: 200, aborted: true }]);
  });

  test('comes also when there is no response at all', async () => {
    const { ends, watched } = watching();
    const boom = new Error('of the app');
    await expect(watched.fetch(() => Promise.reject(boom))(new Request(url))).rejects.toBe(boom);
    expect(() =>
      watched.fetch(() => {
        throw boom;
      })(new Request(url)),
    ).toThrow(boom);
    expect(ends).toMatchObject([
      { status: 0, by: 'handler' },
      { status: 0, by: 'handler' },
    ]);
  });

  test('is told once, whatever comes after', async () => {
    const { ends, watched } = watching();
    const gone = new AbortController();
    const response = await watched.fetch(() => new Response('x'))(new Request(url, { signal: gone.signal }));
    await response.text();
    gone.abort();
    expect(ends).toHaveLength(1);
  });

  test('is told of a client that left while it was decided about', async () => {
    const ends: RequestOutcome[] = [];
    const gone = new AbortController();
    const late = withDoors({
      decide: async (): Promise<Decision> => {
        gone.abort();
        return { action: 'next', reason: 'test', onDone: (outcome) => ends.push(outcome) };
      },
    });
    await late.fetch(() => new Response('x'))(new Request(url, { signal: gone.signal }));
    expect(ends).toMatchObject([{ status: 200, aborted: true }]);
  });

  test('does not read ahead of the client', async () => {
    const { watched } = watching();
    let pulled = 0;
    const body = new ReadableStream(
      {
        pull: (part) => {
          pulled += 1;
          part.enqueue(Buffer.from('part'));
        },
      },
      { highWaterMark: 0 },
    );
    const response = await watched.fetch(() => new Response(body))(new Request(url));
    await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBe(0);
    await response.body?.getReader().read();
    expect(pulled).toBe(1);
  });
});

test('what a runtime passes beside the request reaches the handler', async () => {
  const handler = door().fetch((request: Request, env: { key: string }, context: number) => {
    return new Response(`${request.method} ${env.key} ${context}`);
  });
  expect(await (await handler(new Request(url), { key: 'k' }, 7)).text()).toBe('GET k 7');
});
