import { createServer, type Socket } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { eventually, listen, serve } from './helpers.ts';
import { bodyOf, gateOf, started } from './pair.ts';

const MIB = 1024 * 1024;

/** The gate as a fetch handler in front of a primary that answers as `app` does. */
async function fetchDoor(app: Parameters<typeof serve>[0], primary = serve(app)) {
  const us = await started(primary);
  const origins = { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' };
  const { gate, failures } = gateOf('eu-west-1', origins, { isWrite: () => true });
  const door = gate.fetch(() => new Response('local'));
  const send = (path = '/', init: RequestInit & { duplex?: 'half' } = { method: 'POST', body: 'hello' }) =>
    Promise.resolve(door(new Request(`https://app.example.com${path}`, init)));
  return { send, gate, failures };
}

/** A primary that answers with these bytes, and then does this to the connection. */
function rude(answer: string, act: (socket: Socket) => void) {
  return listen(
    createServer((socket) => {
      // Once: the head and the body of the request may come apart.
      socket.once('data', () => socket.write(answer, () => act(socket)));
    }) as never,
  );
}

describe('the gate as a fetch handler', () => {
  test('streams bodies both ways, whole', async () => {
    const { send, failures } = await fetchDoor((request, response) => {
      void bodyOf(request).then((body) => response.end(body));
    });
    let left = 16;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (left === 0) controller.close();
        else controller.enqueue(new Uint8Array(MIB).fill(left));
        left -= 1;
      },
    });
    const response = await send('/', { method: 'PUT', body, duplex: 'half' });
    const echoed = new Uint8Array(await response.arrayBuffer());
    expect([response.status, echoed.length, echoed[0], echoed.at(-1), failures]).toEqual([200, 16 * MIB, 16, 1, []]);
  });

  test('takes no more of an answer than its reader does', async () => {
    let written = 0;
    const { send } = await fetchDoor((_request, response) => {
      const more = (): void => {
        while (written < 64 * MIB) {
          written += 64 * 1024;
          if (!response.write(Buffer.alloc(64 * 1024))) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const response = await send();
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(40 * MIB);
    expect((await response.arrayBuffer()).byteLength).toBe(64 * MIB);
  });

  test.each(['gzip, deflate, br', '*', undefined])(
    'asks for no compression, which a host may label wrongly: %s',
    async (accepts) => {
      const { send } = await fetchDoor((request, response) => {
        response.end(`${request.headers['accept-encoding']} ${request.headers['accept']} ${request.headers['x-mine']}`);
      });
      const headers = {
        accept: 'text/plain',
        'x-mine': 'yes',
        ...(accepts !== undefined && { 'Accept-Encoding': accepts }),
      };
      const response = await send('/', { method: 'POST', body: 'hello', headers });
      expect(await response.text()).toBe('identity text/plain yes');
    },
  );

  test('passes on fields, statuses without a body, and encoded bytes as they are', async () => {
    const zipped = gzipSync('hello '.repeat(1_000));
    const { send } = await fetchDoor((request, response) => {
      const status = Number(request.url?.slice(1));
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      if (status === 200) response.setHeader('Content-Encoding', 'gzip');
      response.writeHead(status, {
        'X-Seen': `${request.headers['x-forwarded-proto']} ${request.headers['x-forwarded-host']}`,
      });
      response.end(status === 200 ? zipped : undefined);
    });
    for (const status of [204, 205, 304]) {
      const response = await send(`/${status}`);
      expect([response.status, response.body]).toEqual([status, null]);
    }
    const head = await send('/200', { method: 'HEAD' });
    expect([head.status, head.body, head.headers.get('content-encoding')]).toEqual([200, null, 'gzip']);
    const response = await send('/200');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('x-seen')).toBe('https app.example.com');
    expect(gunzipSync(Buffer.from(await response.arrayBuffer())).toString()).toBe('hello '.repeat(1_000));
  });

  test.each([
    ['ends', (socket: Socket) => socket.end()],
    ['is reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('fails its reader when the answer %s before it is complete', async (_name, act) => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it';
    const sockets: Socket[] = [];
    const { send, failures } = await fetchDoor(
      () => {},
      rude(answer, (socket) => sockets.push(socket)),
    );
    const response = await send();
    expect(response.status).toBe(200);
    // Only now that the head has arrived: a reset before it gives no answer at all.
    sockets.forEach(act);
    await expect(response.text()).rejects.toMatchObject({ code: 'ERR_FORWARD_INCOMPLETE' });
    expect(failures).toHaveLength(1);
  });

  test('passes on a reason phrase that a Response can have, and leaves out one that it cannot', async () => {
    for (const [reason, text] of [
      ['Made', 'Made'],
      ['Made \xe2\x9c\x93', 'Made \xe2\x9c\x93'],
      ['Made \x01', ''],
    ] as const) {
      const line = Buffer.from(`HTTP/1.1 201 ${reason}\r\nContent-Length: 0\r\n\r\n`, 'latin1');
      const { send } = await fetchDoor(
        () => {},
        rude('', (socket) => socket.write(line)),
      );
      const answer = await send();
      expect([answer.status, answer.statusText]).toEqual([201, text]);
    }
  });

  test('answers for a status that no Response can have', async () => {
    const { send } = await fetchDoor(
      () => {},
      rude('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n', () => {}),
    );
    const response = await send();
    expect([response.status, response.headers.get('proxy-status')]).toEqual([
      502,
      'regionkit.eu-west-1; error=http_response_incomplete; next-hop="us-east-1"; details="unknown"',
    ]);
  });

  test('lets the primary see a client that goes away, and a reader that has enough', async () => {
    let cut = 0;
    const { send, gate, failures } = await fetchDoor((request, response) => {
      response.on('close', () => {
        cut += 1;
      });
      if (request.url === '/answering') response.write('some');
    });
    const client = new AbortController();
    const unanswered = send('/silent', { method: 'POST', body: 'x', signal: client.signal });
    await eventually(() => gate.stats().inFlight === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.abort();
    expect((await unanswered).status).toBe(499);
    const response = await send('/answering');
    await response.body?.cancel();
    await eventually(() => cut === 2 && gate.stats().inFlight === 0);
    expect(failures.map(({ code }) => code)).toEqual(['ERR_FORWARD_CLIENT_GONE', 'ERR_FORWARD_CLIENT_GONE']);
  });

  test('sends nothing for a client that has gone already', async () => {
    const { send, failures } = await fetchDoor(() => {});
    const response = await send('/', { method: 'POST', body: 'x', signal: AbortSignal.abort() });
    expect(response.status).toBe(499);
    expect(failures.map(({ outcome }) => outcome)).toEqual(['not-sent']);
  });
});
