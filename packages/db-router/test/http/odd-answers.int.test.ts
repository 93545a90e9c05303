import { createServer } from 'node:http';
import { createServer as createRawServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask } from './answer.ts';
import { eventually, listen, type Running } from './helpers.ts';
import { edgeOf, gateOf, pair, started } from './pair.ts';

const uncaught: unknown[] = [];
const onUncaught = (error: unknown): void => void uncaught.push(error);
beforeEach(() => {
  uncaught.length = 0;
  process.prependListener('uncaughtException', onUncaught);
});
afterEach(() => {
  process.off('uncaughtException', onUncaught);
  expect(uncaught).toEqual([]);
});

/** A primary that answers every request with these bytes, the later ones when it is told to. */
async function primaryThatSays(first: string, later?: Promise<string>): Promise<Running> {
  const answer = async (socket: Socket): Promise<void> => {
    socket.write(Buffer.from(first, 'latin1'));
    if (later !== undefined) socket.end(Buffer.from(await later, 'latin1'));
  };
  return started(
    listen(createRawServer((socket) => socket.on('error', () => {}).once('data', () => void answer(socket))) as never),
  );
}

describe('an answer whose reason phrase is not ASCII', () => {
  test('is passed on as it is', async () => {
    const { us, eu } = await pair((_request, response) => {
      response.statusMessage = Buffer.from('Créé ✓').toString('latin1');
      response.end(Buffer.from('done'));
    });
    const direct = await ask(us.port, 'POST', '/');
    const forwarded = await ask(eu.port, 'POST', '/');
    expect([forwarded.statusLine, forwarded.body]).toEqual([direct.statusLine, direct.body]);
  });

  test.each(['HTTP/1.1 200 Cr\xc3\xa9\xc3\xa9 \xe2\x9c\x93', 'HTTP/1.1 200 a\x01b', 'HTTP/1.1 200 '])(
    'or is none at all harms nobody when its body comes later: %j',
    async (line) => {
      let finish: (rest: string) => void = () => {};
      const later = new Promise<string>((resolve) => {
        finish = resolve;
      });
      const us = await primaryThatSays(`${line}\r\nContent-Length: 4\r\n\r\n`, later);
      const { eu, euGate } = await edgeOf(us.origin);
      const answer = ask(eu.port, 'POST', '/');
      setTimeout(finish, 50, 'done');
      expect([(await answer).status, (await answer).body]).toEqual([200, 'done']);
      await eventually(() => euGate.stats().inFlight === 0);
    },
  );
});

test('an answer that has no body is passed on by a server that rejects bodies where none may be', async () => {
  const us = await started(
    listen(
      createServer((request, response) => {
        response.writeHead(request.url === '/304' ? 304 : request.url === '/204' ? 204 : 200).end();
      }),
    ),
  );
  const eu = await started(listen(createServer({ rejectNonStandardBodyWrites: true } as object)));
  const { gate } = gateOf('eu-west-1', { 'us-east-1': us.origin, 'eu-west-1': eu.origin }, { isWrite: () => true });
  eu.server.on(
    'request',
    gate.node(() => {}),
  );
  for (const [method, path] of [
    ['DELETE', '/204'],
    ['GET', '/304'],
    ['HEAD', '/'],
  ] as const) {
    expect((await ask(eu.port, method, path)).status).toBe(path === '/' ? 200 : Number(path.slice(1)));
  }
});

test('a trustForwarded that throws costs its request, not the process', async () => {
  const { eu } = await pair((_request, response) => response.end('done'), {
    forward: {
      trustForwarded: () => {
        throw new Error('a fault of the app');
      },
    },
  });
  const answer = await ask(eu.port, 'POST', '/', ['Content-Length: 2'], 'hi');
  expect(answer.status).toBe(503);
});
