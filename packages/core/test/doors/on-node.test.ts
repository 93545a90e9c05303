import http from 'node:http';
import { expect, test } from 'vitest';
import { type Decision, withDoors } from '../../src/index.ts';
import { overHttp } from './hosts/clients.ts';

const headFirst = (response: http.ServerResponse): void => {
  response.writeHead(200, { 'Content-Length': 10 });
  response.write('half');
};

test('an answer that comes after somebody has begun another ends the connection, so that nobody takes it for whole', async () => {
  const door = withDoors({
    decide: (): Decision => ({ action: 'respond', reason: 'test', status: 418, headers: [], body: 'tea' }),
  });
  const listener = door.node(() => {});
  const running = await overHttp(
    http.createServer((request, response) => {
      headFirst(response);
      listener(request, response);
    }),
  );
  await expect(running.send({ path: '/' })).rejects.toThrow(/aborted|hang up/);
  await running.close();
});

test('an answer that comes after somebody has ended another is dropped', async () => {
  const door = withDoors({
    decide: (): Decision => ({ action: 'respond', reason: 'test', status: 418, headers: [], body: 'tea' }),
  });
  const listener = door.node(() => {});
  const running = await overHttp(
    http.createServer((request, response) => {
      response.end('whole');
      listener(request, response);
    }),
  );
  expect(await running.send({ path: '/' })).toMatchObject({ status: 200, body: 'whole' });
  await running.close();
});

test('a proxy that fails in the middle of its answer ends the connection', async () => {
  const door = withDoors({
    decide: (): Decision => ({
      action: 'proxy',
      reason: 'test',
      node: async (_request, response) => {
        headFirst(response as http.ServerResponse);
        throw new Error('broken');
      },
      fetch: async () => new Response(),
    }),
  });
  const running = await overHttp(http.createServer(door.node(() => {})));
  await expect(running.send({ path: '/' })).rejects.toThrow(/aborted|hang up/);
  await running.close();
});

test('a decision that can never change is sent the same each time, and another one as it is now', async () => {
  const frozen = Object.freeze({
    action: 'respond',
    reason: 'test',
    status: 200,
    headers: Object.freeze([Object.freeze(['x-answer', 'yes'] as const)]),
    body: 'whole',
  } satisfies Decision);
  const changing = { ...frozen, headers: [['x-answer', 'first']] as [string, string][], body: 'first' };
  const door = withDoors({ decide: ({ path }): Decision => (path === '/frozen' ? frozen : changing) });
  const running = await overHttp(http.createServer(door.node(() => {})));
  const ask = async (path: string, method = 'GET') => {
    const { status, body, all } = await running.send({ path, method });
    return [status, body, ...all('content-length'), ...all('x-answer')];
  };
  for (const method of ['GET', 'HEAD', 'GET', 'GET']) {
    expect(await ask('/frozen', method)).toEqual([200, method === 'HEAD' ? '' : 'whole', '5', 'yes']);
  }
  expect(await ask('/')).toEqual([200, 'first', '5', 'first']);
  Object.assign(changing, { headers: [['x-answer', 'second']], body: 'second' });
  expect(await ask('/')).toEqual([200, 'second', '6', 'second']);
  await running.close();
});
