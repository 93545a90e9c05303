import type { Server } from 'node:net';

/** Whether it listens there now. */
export function listenOn(server: Server, port: number): Promise<boolean> {
  return new Promise((done) => {
    const failed = (): void => done(false);
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      done(true);
    });
  });
}
