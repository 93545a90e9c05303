import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resetSocket } from '../../src/kit/reset-socket.ts';

let near: Socket;
let far: Socket;
let end: () => void;
beforeEach(async () => {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  near.on('error', () => {});
  await once(near, 'connect');
  [far] = (await accepted) as [Socket];
  far.on('error', () => {});
  far.resume();
  end = () => server.close();
});
afterEach(() => {
  for (const socket of [near, far]) socket.destroy();
  end();
});

const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe('resetSocket()', () => {
  it('resets an open connection', async () => {
    const failed = once(far, 'error');
    resetSocket(near);
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  it('closes a connection at both ends while its end is being sent, where Node would keep it for ever', async () => {
    const closed = Promise.all([once(near, 'close'), once(far, 'end')]);
    near.end();
    while (!near.writableEnded) await tick();
    // The call that ends it is under way, and has not come back.
    await tick();
    expect(near.writableFinished).toBe(false);
    resetSocket(near);
    await closed;
    expect(near.errored).toBeNull();
  });

  it('resets a connection whose end was sent', async () => {
    near.end();
    await once(near, 'finish');
    const closed = once(near, 'close');
    resetSocket(near);
    await closed;
  });
});
