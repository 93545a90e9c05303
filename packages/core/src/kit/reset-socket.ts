import type { Socket } from 'node:net';

/**
 * Ends a connection with a reset. While Node sends the end of a connection, it cannot reset it: `resetAndDestroy()`
 * fails then, the connection stays open, and the process never exits. Such a socket is destroyed instead.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
