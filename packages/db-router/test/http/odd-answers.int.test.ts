import { createServer } from 'node:http';
import { createServer as createRawServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask } from './answer.ts';
import { eventually, listen, type Running, raw } from './helpers.ts';
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
    'or is none at all harms nothing else when its body comes later: %j',
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

test('an answer whose head is as long as a browser takes is passed on', async () => {
  const { eu, failures } = await pair((_request, response) => {
    for (let at = 0; at < 30; at += 1) response.appendHeader('Set-Cookie', `c${at}=${'x'.repeat(4_000)}`);
    response.end('done');
  });
  const answer = await ask(eu.port, 'POST', '/');
  expect([answer.status, answer.fields.filter(([name]) => name === 'Set-Cookie').length]).toEqual([200, 30]);
  expect(failures).toEqual([]);
});

test.each(['204 No Content', '304 Not Modified'])(
  'an answer of %s with the length of another is passed on',
  async (line) => {
    const us = await primaryThatSays(`HTTP/1.1 ${line}\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n`);
    const { eu, failures } = await edgeOf(us.origin);
    const answer = await ask(eu.port, 'DELETE', '/');
    expect([answer.status, answer.field('etag')]).toEqual([Number(line.slice(0, 3)), '"a"']);
    expect(failures).toEqual([]);
  },
);

test('what comes behind an answer is taken for no other answer', async () => {
  const first = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone';
  const us = await primaryThatSays(`${first}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
  const { eu, failures } = await edgeOf(us.origin);
  for (let times = 0; times < 3; times += 1) expect((await ask(eu.port, 'POST', '/')).body).toBe('done');
  expect(failures).toEqual([]);
});

test('an interim answer is passed on whatever its fields are called', async () => {
  const hints = ['Link: </a.css>; rel=preload', 'constructor: x', '__proto__: y'];
  const us = await primaryThatSays(
    `HTTP/1.1 103 Early Hints\r\n${hints.join('\r\n')}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone`,
  );
  const { eu } = await edgeOf(us.origin);
  const answer = await ask(eu.port, 'POST', '/');
  expect(answer.body).toBe('done');
  expect(answer.interim.map((head) => head.split('\r\n').slice(1))).toEqual([hints]);
});

test('an interim 100 that nobody asked for ends as unknown: the write may have been done', async () => {
  const us = await primaryThatSays('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
  const { eu, failures } = await edgeOf(us.origin);
  expect((await ask(eu.port, 'POST', '/')).status).toBe(502);
  expect(failures.map(({ code, outcome }) => [code, outcome])).toEqual([['ERR_FORWARD_INTERRUPTED', 'unknown']]);
});

describe('something before the gate that hooks the response and throws', () => {
  test.each([
    ['a head whose body comes later', 'PUT', 'writeHead'],
    ['the head', 'POST', 'writeHead'],
    ['the body', 'POST', 'write'],
    ['an answer without a body', 'DELETE', 'end'],
  ] as const)('in %s costs that request its connection, not the process', async (_what, method, hooked) => {
    const us = await started(
      listen(
        createServer((request, response) => {
          response.statusCode = request.method === 'DELETE' ? 204 : 200;
          if (request.method !== 'PUT') response.end(request.method === 'DELETE' ? undefined : 'done');
          else response.flushHeaders();
        }),
      ),
    );
    const { gate, failures } = gateOf('eu-west-1', { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' });
    const door = gate.node(() => {});
    const eu = await started(
      listen(
        createServer((request, response) => {
          if (request.url === '/hooked') {
            response[hooked] = () => {
              throw new Error('a fault of the app');
            };
          }
          door(request, response);
        }),
      ),
    );
    expect(await raw(eu.port, `${method} /hooked HTTP/1.1\r\nHost: a\r\n\r\n`)).toBe('');
    await eventually(() => gate.stats().inFlight === 0);
    expect(failures.map(({ code, outcome }) => [code, outcome])).toEqual([['ERR_FORWARD_INCOMPLETE', 'unknown']]);
    expect((await ask(eu.port, 'POST', '/')).body).toBe('done');
  });
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
