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
