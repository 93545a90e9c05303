import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { createGunzip, createGzip } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { PIECE, pour, stands } from './flow.ts';
import { eventually } from './helpers.ts';
import { bodyOf, pair } from './pair.ts';

const MIB = 1024 * 1024;

/** What 64 MiB of the above hash to, and the most that may wait between two ends: buffers of four sockets, and ours. */
const TOTAL = 64 * MIB;
const BOUND = 40 * MIB;
const DIGEST = (() => {
  const hash = createHash('sha256');
  for (let at = 0; at < TOTAL; at += PIECE.length) hash.update(PIECE);
  return hash.digest('hex');
})();

async function digest(message: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of message) hash.update(chunk);
  return hash.digest('hex');
}

describe('a forwarded body', () => {
  test('waits for a slow client, and is whole', async () => {
    let written = (): number => 0;
    const { eu } = await pair((_request, response) => {
      written = pour(response, TOTAL);
    });
    const answer = await new Promise<IncomingMessage>((resolve) => {
      httpRequest({ port: eu.port, method: 'POST', path: '/export' }, resolve).end();
    });
    answer.pause();
    expect(await stands(written)).toBeLessThan(BOUND);
    expect(await digest(answer)).toBe(DIGEST);
  });

  test('waits for middleware that compresses it, with one listener however often it waits', async () => {
    const { eu } = await pair((_request, response) => void pour(response, 8 * MIB));
    const gzip = createGzip({ level: 0 });
    // As `compression` does it: `drain` is listened to on another stream, and never removed from there.
    eu.server.prependListener('request', (_request, response: ServerResponse) => {
      const { write, end, on } = response;
      Object.assign(response, {
        write: (chunk: Uint8Array) => gzip.write(chunk),
        end: () => void gzip.end(),
        on: (name: string, listener: () => void) => {
          if (name === 'drain') gzip.on(name, listener);
          else on.call(response, name, listener);
          return response;
        },
      });
      gzip.on('data', (chunk) => {
        if (!write.call(response, chunk, 'utf8')) gzip.pause();
      });
      on.call(response, 'drain', () => gzip.resume());
      gzip.on('end', () => Reflect.apply(end, response, []));
    });
    const answer = await new Promise<IncomingMessage>((resolve) => {
      httpRequest({ port: eu.port, method: 'POST', path: '/export' }, resolve).end();
    });
    let bytes = 0;
    for await (const chunk of answer.pipe(createGunzip())) bytes += chunk.length;
    expect(bytes).toBe(8 * MIB);
    expect(gzip.listenerCount('drain')).toBe(1);
  });

  test('waits for a slow primary, and is whole', async () => {
    let arrived: IncomingMessage | undefined;
    const { eu } = await pair((request, response) => {
      arrived = request;
      request.pause();
      void eventually(() => go).then(async () => response.end(await digest(request)));
    });
    let go = false;
    const upload = httpRequest({ port: eu.port, method: 'POST', path: '/import' });
    const answer = new Promise<IncomingMessage>((resolve) => upload.on('response', resolve));
    const written = pour(upload, TOTAL);
    await eventually(() => arrived !== undefined);
    expect(await stands(written)).toBeLessThan(BOUND);
    go = true;
    expect((await bodyOf(await answer)).toString()).toBe(DIGEST);
  });

  test('that is refused early is refused to the client early, and the rest of it drained: its connection stays in step', async () => {
    const { eu, failures } = await pair((request, response) => {
      if (request.url === '/late') void bodyOf(request).then((body) => response.end(body));
      else {
        request.once('data', () => {
          request.pause();
          response.writeHead(413).end('too much');
        });
      }
    });
    const socket = connect(eu.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    socket.write(`POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: ${32 * MIB}\r\n\r\n`);
    socket.write(PIECE);
    await eventually(() => text.includes('too much'));
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    const last = 'POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';
    const closed = new Promise((resolve) => socket.on('close', resolve));
    pour(
      {
        write: (chunk) => socket.write(chunk),
        end: () => socket.write(last),
        once: (event, then) => socket.once(event, then),
      },
      32 * MIB - PIECE.length,
    );
    await closed;
    expect(text).toMatch(/HTTP\/1\.1 200 OK[\s\S]*\bok\b/);
    expect(failures).toEqual([]);
  });
});

describe('a client that goes away', () => {
  /** Sends these bytes, and is gone as soon as `when` says so. */
  async function leaveWhen(port: number, bytes: string, when: () => boolean): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(bytes);
    await eventually(when);
    socket.destroy();
  }
  const HEAD = 'POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n';
  /** Too long to be collected before it is sent. */
  const LONG = HEAD.replace('10', '100000');

  async function watched(app: (request: IncomingMessage, response: ServerResponse) => void) {
    const seen = { requests: 0, bytes: 0, cut: 0 };
    const region = await pair((request, response) => {
      seen.requests += 1;
      request.on('data', (chunk: Buffer) => {
        seen.bytes += chunk.length;
      });
      request.on('error', () => {});
      response.on('close', () => {
        if (!response.writableFinished) seen.cut += 1;
      });
      app(request, response);
    });
    const outcomes = (): unknown => region.failures.map(({ code, outcome }) => [code, outcome]);
    return { ...region, seen, outcomes };
  }

  test('before its body has sent nothing', async () => {
    const { eu, euGate, seen, outcomes } = await watched(() => {});
    await leaveWhen(eu.port, LONG, () => euGate.stats().inFlight === 1);
    await eventually(() => euGate.stats().inFlight === 0);
    expect(outcomes()).toEqual([['ERR_FORWARD_CLIENT_GONE', 'not-sent']]);
    expect(seen.requests).toBe(0);
  });

  test('within a body that is collected first has sent nothing, and took no place', async () => {
    const { eu, euGate, seen, outcomes, failures } = await watched(() => {});
    let decided = 0;
    euGate.on('decision', () => {
      decided += 1;
    });
    await leaveWhen(eu.port, `${HEAD}hello`, () => decided === 1);
    await eventually(() => failures.length === 1);
    expect(outcomes()).toEqual([['ERR_FORWARD_CLIENT_GONE', 'not-sent']]);
    expect([seen.requests, euGate.stats()]).toEqual([0, { inFlight: 0 }]);
  });

  test('within its body is seen to by the primary', async () => {
    const { eu, euGate, seen, outcomes } = await watched(() => {});
    await leaveWhen(eu.port, `${LONG}hello`, () => seen.bytes === 5);
    await eventually(() => euGate.stats().inFlight === 0 && seen.cut === 1);
    expect(outcomes()).toEqual([['ERR_FORWARD_CLIENT_GONE', 'unknown']]);
  });

  test('after its body, before the answer, is seen to by the primary', async () => {
    const { eu, euGate, seen, outcomes } = await watched(() => {});
    await leaveWhen(eu.port, `${HEAD}hello, you`, () => seen.bytes === 10);
    await eventually(() => euGate.stats().inFlight === 0 && seen.cut === 1);
    expect(outcomes()).toEqual([['ERR_FORWARD_CLIENT_GONE', 'unknown']]);
  });

  test('within the answer is seen to by the primary', async () => {
    const { eu, euGate, seen, outcomes } = await watched((_request, response) => {
      pour(response, 64 * MIB);
    });
    let got = 0;
    const socket = connect(eu.port, '127.0.0.1', () => socket.write(`${HEAD}hello, you`));
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got > MIB) socket.destroy();
    });
    await eventually(() => seen.cut === 1 && euGate.stats().inFlight === 0);
    expect(outcomes()).toEqual([['ERR_FORWARD_CLIENT_GONE', 'unknown']]);
  });

  test('many times over leaves nothing behind', async () => {
    const { us, eu, euGate, seen } = await watched((_request, response) => {
      response.write('some');
    });
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listener);
    for (let round = 0; round < 10; round += 1) {
      const before = seen.requests;
      const clients = Array.from({ length: 20 }, () => {
        const socket = connect(eu.port, '127.0.0.1', () => socket.write(`${HEAD}hello, you`));
        socket.on('error', () => {});
        return socket;
      });
      await eventually(() => seen.requests === before + clients.length);
      for (const socket of clients) socket.destroy();
      await eventually(() => euGate.stats().inFlight === 0);
    }
    await eventually(() => seen.cut === 200);
    const connections = await new Promise<number>((resolve) => {
      us.server.getConnections((_error, count) => resolve(count));
    });
    process.off('unhandledRejection', listener);
    // At most what was opened for a client that had gone by then, and lies idle.
    expect(connections).toBeLessThanOrEqual(20);
    expect(unhandled).toEqual([]);
  });
});
