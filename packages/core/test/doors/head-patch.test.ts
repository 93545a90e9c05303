import http from 'node:http';
import http2 from 'node:http2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type NextDecision, type RequestOutcome, withDoors } from '../../src/index.ts';
import { overHttp, overHttp2 } from './hosts/clients.ts';
import { eventually, type Running } from './hosts/host.ts';

type Handler = (response: http.ServerResponse) => void;

const SHARED = ['app=1', 'app=2'];

/** Every form in which an app can write a head of status 201 with two cookies and `X-App: yes`. */
const forms: Readonly<Record<string, Handler>> = {
  'writeHead with an object': (response) => response.writeHead(201, { 'Set-Cookie': SHARED, 'X-App': 'yes' }).end('x'),
  'writeHead with a flat array': (response) =>
    response.writeHead(201, ['Set-Cookie', 'app=1', 'X-App', 'yes', 'Set-Cookie', 'app=2']).end('x'),
  'writeHead with a flat array holding an array': (response) =>
    response.writeHead(201, ['Set-Cookie', SHARED, 'X-App', 'yes'] as http.OutgoingHttpHeader[]).end('x'),
  'writeHead with an array of pairs': (response) =>
    response
      .writeHead(201, [
        ['Set-Cookie', 'app=1'],
        ['set-cookie', 'app=2'],
        ['X-App', 'yes'],
      ] as never)
      .end('x'),
  'writeHead with a status message': (response) =>
    response.writeHead(201, 'Made', { 'Set-Cookie': SHARED, 'X-App': 'yes' }).end('x'),
  'writeHead with undefined for a status message': (response) =>
    response.writeHead(201, undefined, { 'Set-Cookie': SHARED, 'X-App': 'yes' }).end('x'),
  'setHeader and writeHead': (response) => {
    response.setHeader('Set-Cookie', SHARED);
    response.setHeader('X-App', 'no');
    response.writeHead(201, { 'x-app': 'yes' }).end('x');
  },
  'setHeader and writeHead with an array': (response) => {
    response.setHeader('Set-Cookie', 'app=0');
    response.writeHead(201, ['X-App', 'yes', 'Set-Cookie', 'app=1', 'Set-Cookie', 'app=2']).end('x');
  },
  'setHeader, appendHeader and an implicit head at end': (response) => {
    response.statusCode = 201;
    response.setHeader('Set-Cookie', 'app=1');
    response.appendHeader('Set-Cookie', 'app=2');
    response.setHeader('X-App', 'yes');
    response.end('x');
  },
  'setHeaders and an implicit head at write': (response) => {
    response.statusCode = 201;
    const headers = new Map<string, string | string[]>([
      ['Set-Cookie', SHARED],
      ['X-App', 'yes'],
    ]);
    // HTTP/2 responses have no setHeaders.
    if ('setHeaders' in response) response.setHeaders(headers as never);
    else for (const [name, value] of headers) (response as http.ServerResponse).setHeader(name, value);
    response.write('x');
    response.end();
  },
  'flushHeaders before the body': (response) => {
    response.statusCode = 201;
    response.setHeader('Set-Cookie', SHARED);
    response.setHeader('X-App', 'yes');
    response.flushHeaders();
    response.end('x');
  },
  'a head after one that was refused': (response) => {
    expect(() => response.writeHead(201, { 'X-App': undefined as never })).toThrow();
    expect(() => response.writeHead(201, ['X-App'])).toThrow(TypeError);
    response.writeHead(201, { 'Set-Cookie': SHARED, 'X-App': 'yes' }).end('x');
  },
};

describe.each(['http', 'http2'] as const)('a hook on the head over %s', (transport) => {
  let running: Running;
  let handler: Handler;
  let hooks: Partial<NextDecision>;
  const ends: RequestOutcome[] = [];
  beforeAll(async () => {
    const door = withDoors({ decide: () => ({ action: 'next', reason: 'test', ...hooks }) });
    const listener = door.node((_request, response) => handler(response));
    running =
      transport === 'http'
        ? await overHttp(http.createServer(listener))
        : await overHttp2(http2.createServer(listener as never));
  });
  afterAll(() => running.close());
  beforeEach(() => void ends.splice(0));
  const onDone = (outcome: RequestOutcome): void => void ends.push(outcome);

  test.each(Object.entries(forms))('survives %s, and so does what the app has set', async (_form, write) => {
    let calls = 0;
    let seen: unknown;
    hooks = {
      onDone,
      onHead: (head) => {
        calls += 1;
        seen = [head.status, head.get('set-cookie'), head.get('x-app')];
        head.append('Set-Cookie', 'ours=1');
        head.append('Set-Cookie', 'ours=2');
        head.append('X-New', 'a');
        head.set('X-Set', 'b');
      },
    };
    handler = write;
    const answer = await running.send({ path: '/' });
    expect(calls).toBe(1);
    expect(seen).toEqual([201, ['app=1', 'app=2'], ['yes']]);
    expect(answer).toMatchObject({ status: 201, body: 'x' });
    expect(answer.all('set-cookie')).toEqual(['app=1', 'app=2', 'ours=1', 'ours=2']);
    expect(answer.all('x-app')).toEqual(['yes']);
    expect(answer.all('x-new')).toEqual(['a']);
    expect(answer.all('x-set')).toEqual(['b']);
    expect(SHARED).toEqual(['app=1', 'app=2']);
    await eventually(() => ends).toHaveLength(1);
    expect(ends[0]).toMatchObject({ status: 201, aborted: false });
  });

  test.each(Object.entries(forms))('changes nothing of %s when it only watches', async (_form, write) => {
    for (const watching of [{ onDone }, { onDone, onHead: () => {} }]) {
      ends.splice(0);
      hooks = watching;
      handler = write;
      const answer = await running.send({ path: '/' });
      expect(answer).toMatchObject({ status: 201, body: 'x' });
      expect(answer.all('set-cookie').at(-1)).toBe('app=2');
      expect(answer.all('x-app')).toEqual(['yes']);
      await eventually(() => ends).toHaveLength(1);
      expect(ends[0]).toMatchObject({ status: 201, aborted: false });
    }
  });

  test('may set what the app has set, and take numbers for text', async () => {
    let seen: readonly string[] = [];
    hooks = {
      onHead: (head) => {
        seen = head.get('X-Number');
        head.set('x-number', '8');
      },
    };
    handler = (response) => response.writeHead(200, { 'X-Number': 7 }).end();
    const answer = await running.send({ path: '/' });
    expect(seen).toEqual(['7']);
    expect(answer.all('x-number')).toEqual(['8']);
  });

  test('cannot split the head, and fails alone when it tries', async () => {
    hooks = {
      onHead: (head) => {
        head.append('Set-Cookie', 'good=1');
        head.append('Set-Cookie', 'bad=1\r\nX-Evil: 1');
      },
    };
    handler = (response) => response.end('x');
    const answer = await running.send({ path: '/' });
    expect(answer.all('set-cookie')).toEqual(['good=1']);
    expect(answer.all('x-evil')).toEqual([]);
  });

  test.each([true, false])('is told of the head that was accepted alone, and once (wanted: %s)', async (wanted) => {
    const told: string[] = [];
    hooks = { wantsHead: () => wanted, onHead: () => {}, afterHead: () => void told.push('accepted') };
    handler = (response) => {
      expect(() => response.writeHead(200, { 'x-bad': undefined as never })).toThrow();
      told.push('refused');
      response.writeHead(200).end();
    };
    await running.send({ path: '/' });
    expect(told).toEqual(['refused', 'accepted']);
  });

  test('a head that Node refuses after the hook has run is no head: the next one is reported, and ends the decision', async () => {
    const told: string[] = [];
    hooks = {
      onDone,
      onHead: ({ status }) => void told.push(`hook ${status}`),
      afterHead: () => void told.push('accepted'),
    };
    handler = (response) => {
      // HTTP/2 has no text beside the status.
      if (transport === 'http') expect(() => response.writeHead(200, 'not\na text')).toThrow(/Invalid character/);
      told.push('refused');
      // Node keeps the text that it refused until there is another one.
      if (transport === 'http') response.writeHead(500, 'Failed').end();
      else response.writeHead(500).end();
    };
    expect((await running.send({ path: '/' })).status).toBe(500);
    expect(told).toEqual(
      transport === 'http' ? ['hook 200', 'refused', 'accepted'] : ['refused', 'hook 500', 'accepted'],
    );
    await eventually(() => ends).toHaveLength(1);
    expect(ends[0]).toMatchObject({ status: 500, aborted: false });
  });

  test('is not asked about a head that Node refuses', async () => {
    const statuses: number[] = [];
    hooks = { onDone, onHead: ({ status }) => void statuses.push(status) };
    handler = (response) => {
      if (transport === 'http') expect(() => response.writeHead(99)).toThrow(RangeError);
      response.writeHead(500).end();
      if (transport === 'http') expect(() => response.writeHead(200)).toThrow('after they are sent');
    };
    expect((await running.send({ path: '/' })).status).toBe(500);
    expect(statuses).toEqual([500]);
  });

  test('does not disturb informational answers', async () => {
    const statuses: number[] = [];
    hooks = { onHead: ({ status }) => void statuses.push(status) };
    handler = (response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeHead(204).end();
    };
    expect((await running.send({ path: '/' })).status).toBe(204);
    expect(statuses).toEqual([204]);
  });

  test('of several doors runs from the innermost to the outermost', async () => {
    const order: string[] = [];
    const wrap = (name: string, next: Handler): Handler => {
      const door = withDoors({
        decide: () => ({ action: 'next' as const, reason: 'test', onHead: () => void order.push(name) }),
      });
      return (response) => door.node((_request, same) => next(same))(response.req, response);
    };
    hooks = {};
    handler = wrap(
      'outer',
      wrap('inner', (response) => void response.end()),
    );
    await running.send({ path: '/' });
    expect(order).toEqual(['inner', 'outer']);
  });
});
