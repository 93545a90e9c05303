import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createLink, type Link } from '../../src/network/link.ts';
import { codeOf, eventually, isListening, isPending, runFixture } from '../support.ts';

let server: Server;
let served: Socket[];
let link: Link;

/** A server that answers each line with the same line. */
beforeEach(async () => {
  served = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  link = await createLink({ to: 'here', roundTripMs: 0 });
  await link.setServer((server.address() as { port: number }).port);
});
afterEach(() => {
  link.close();
  server.close();
  for (const socket of served) socket.destroy();
});

async function dial(): Promise<Socket> {
  const socket = connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}
const answer = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);

test('passes bytes and ends on, each way by itself', async () => {
  const socket = await dial();
  socket.write('hello');
  expect(await answer(socket)).toBe('hello');
  const ended = once(socket, 'end');
  socket.end();
  await ended;
  await eventually(() => served[0]?.destroyed);
});

test('passes an abort on as an abort', async () => {
  const socket = await dial();
  socket.write('hello');
  await answer(socket);
  const closed = codeOf(once(served[0] as Socket, 'end'));
  socket.resetAndDestroy();
  expect(await closed).toBe('ECONNRESET');
});

test('refuses connections when there is no server, at the port it keeps', async () => {
  await link.setServer(undefined);
  expect(await isListening(link.port)).toBe(false);
  await link.setServer((server.address() as { port: number }).port);
  const socket = await dial();
  socket.write('again');
  expect(await answer(socket)).toBe('again');
});

test('resets the client when the server is said to be there and is not', async () => {
  await link.setServer(1);
  const socket = await dial();
  expect(await codeOf(once(socket, 'end'))).toBe('ECONNRESET');
});

test('a cut link delivers what was sent meanwhile, in order and once, when it passes again', async () => {
  const socket = await dial();
  socket.write('1');
  expect(await answer(socket)).toBe('1');
  await link.setFlow('cut');
  for (const word of ['2', '3', '4']) socket.write(word);
  expect(await isPending(answer(socket))).toBe(true);
  let heard = '';
  socket.on('data', (bytes) => {
    heard += String(bytes);
  });
  await link.setFlow('pass');
  await eventually(() => heard.length >= 3);
  expect(heard).toBe('234');
});

test('what is under way when the link is cut does not arrive either', async () => {
  link.setExtraMs(200);
  const socket = await dial();
  socket.write('late');
  const heard = answer(socket);
  await eventually(() => served.length === 1);
  await link.setFlow('cut');
  expect(await isPending(heard, 400)).toBe(true);
  await link.setFlow('pass');
  expect(await heard).toBe('late');
});

test('a cut link without a server takes connections and says nothing; when it passes they are reset', async () => {
  await link.setServer(undefined);
  await link.setFlow('cut');
  const socket = await dial();
  const end = codeOf(once(socket, 'end'));
  expect(await isPending(end)).toBe(true);
  await link.setFlow('pass');
  expect(await end).toBe('ECONNRESET');
  expect(await isListening(link.port)).toBe(false);
});

test('a client that gives up while the link is cut is not kept for ever', async () => {
  await link.setFlow('cut');
  const socket = await dial();
  socket.destroy();
  await link.setFlow('pass');
  await eventually(() => served.length === 1 && served[0]?.destroyed);
});

test('a mute link brings requests and withholds answers', async () => {
  const socket = await dial();
  socket.write('1');
  await answer(socket);
  await link.setFlow('mute');
  const got = answer(served[0] as Socket);
  socket.write('heard');
  const reply = answer(socket);
  expect(await got).toBe('heard');
  expect(await isPending(reply)).toBe(true);
  await link.setFlow('pass');
  expect(await reply).toBe('heard');
});

test('a connection that met a black hole never recovers; one that tried to open meanwhile does', async () => {
  const lost = await dial();
  lost.write('1');
  await answer(lost);
  await link.setFlow('lose');
  lost.write('2');
  const never = answer(lost);
  const late = await dial();
  late.write('3');
  const reply = answer(late);
  expect(await isPending(reply)).toBe(true);
  await link.setFlow('pass');
  expect(await reply).toBe('3');
  expect(await isPending(never)).toBe(true);
});

test('a sender that nobody reads is slowed down, not buffered without bound', async () => {
  const socket = await dial();
  await eventually(() => served.length === 1);
  served[0]?.unpipe().pause();
  const chunk = Buffer.alloc(1_024 * 1_024);
  for (let n = 0; n < 64; n += 1) socket.write(chunk);
  expect(await isPending(once(socket, 'drain'), 500)).toBe(true);
  let received = 0;
  served[0]?.on('data', (bytes) => {
    received += bytes.length;
  });
  served[0]?.resume();
  await eventually(() => received === 64 * chunk.length);
});

test('a round trip is added to the opening and to every exchange', async () => {
  link.setExtraMs(80);
  const began = performance.now();
  const socket = await dial();
  socket.write('hello');
  await answer(socket);
  expect(performance.now() - began).toBeGreaterThanOrEqual(159);
});

test('reset() aborts what is open or waiting and leaves the link as it was', async () => {
  const open = await dial();
  open.write('1');
  await answer(open);
  await link.setFlow('cut');
  const waiting = await dial();
  const ends = [open, waiting].map((socket) => codeOf(once(socket, 'end')));
  link.reset();
  expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET']);
  expect(link.flow).toBe('cut');
});

test('a given port that is taken is one clear line', async () => {
  const { port } = server.address() as { port: number };
  await expect(createLink({ to: 'us-east-1', roundTripMs: 0, port })).rejects.toMatchObject({
    code: 'ERR_LAB_PORT_TAKEN',
    message: `cannot listen on 127.0.0.1:${port}, where clients reach us-east-1 (EADDRINUSE): end what listens there, or choose another port`,
  });
});

test('neither a port that listens nor a connection through it keeps a process alive', async () => {
  const { said, exited } = runFixture('idle-link', []);
  const socket = connect(Number(await said), '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  expect(await exited).toEqual({ code: 0, stderr: '' });
});
