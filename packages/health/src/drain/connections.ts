import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import { type TLSSocket, Server as TlsServer } from 'node:tls';
import type { Clock } from '@regionkit/core/kit';
import { closeAtHead } from './closing-head.ts';
import { watchSessions } from './sessions.ts';

/** A server of `http`, `https` or `http2`, which the `listen` of frameworks returns. */
export type AnyServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

/** The connections of one server. They can end without losing a request. */
export interface Connections {
  /** From now on every answer tells its client not to use the connection again. HTTP/2 clients get a GOAWAY. */
  refuseReuse(): void;
  /** Accepts no new connections. Open ones stay open. */
  stopListening(): void;
  /** Ends connections without a request for `idleMs`. */
  endIdle(idleMs: number): void;
  /** The number of open connections. */
  readonly open: number;
  /** Destroys the open connections, and returns their number. */
  destroy(): number;
  /** Stops watching the server. */
  release(): void;
}

interface Use {
  /**
   * The number of requests that are being answered on it. Infinity after an upgrade, and on HTTP/2, where the session
   * ends it.
   */
  busy: number;
  idleSinceMs: number;
  /** The answer to the latest request on it. */
  latest: ServerResponse | undefined;
  /** If more bytes than this have arrived, a request is under way. */
  bytesRead: number;
}

export function watchConnections(server: AnyServer, clock: Clock): Connections {
  const sockets = new Map<Socket, Use>();
  const handshaking = new Set<Socket>();
  const sessions = watchSessions(clock);
  const secure = server instanceof TlsServer;
  const clearHttp2 = !secure && !(server instanceof HttpServer);
  let refusing = false;
  let stopped = false;

  const useOf = (socket: Socket): Use => {
    const known = sockets.get(socket);
    if (known !== undefined) return known;
    const http2 = clearHttp2 || (socket as TLSSocket).alpnProtocol === 'h2';
    const use: Use = {
      busy: http2 ? Number.POSITIVE_INFINITY : 0,
      idleSinceMs: clock.now(),
      latest: undefined,
      bytesRead: socket.bytesRead,
    };
    sockets.set(socket, use);
    socket.once('close', () => sockets.delete(socket));
    return use;
  };
  const onRaw = (socket: Socket): void => {
    if (!secure) {
      useOf(socket);
      return;
    }
    handshaking.add(socket);
    socket.once('close', () => handshaking.delete(socket));
  };
  const endWith = (response: ServerResponse, use: Use): void => {
    response.shouldKeepAlive = false;
    if (!response.headersSent) closeAtHead(response, () => use.latest === response);
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // Over HTTP/2 the session is closed, not a connection for each answer.
    if (request.httpVersionMajor >= 2) return;
    const use = useOf(request.socket);
    use.busy += 1;
    if (refusing) {
      // With pipelined requests only the answer to the last one may end the connection, or later requests would get no
      // answer.
      if (use.latest !== undefined) use.latest.shouldKeepAlive = true;
      endWith(response, use);
    }
    use.latest = response;
    response.once('close', () => {
      if (use.latest === response) use.latest = undefined;
      use.busy -= 1;
      use.idleSinceMs = clock.now();
      use.bytesRead = request.socket.bytesRead;
    });
  };
  const onUpgrade = (_request: IncomingMessage, socket: Socket): void => {
    useOf(socket).busy = Number.POSITIVE_INFINITY;
  };
  const onListening = (): void => {
    if (stopped) close();
  };
  // A server without an upgrade listener refuses upgrades. Our listener must not be its first.
  let upgrades = false;
  const watchUpgrades = (event: string | symbol): void => {
    if (event !== 'upgrade' || upgrades) return;
    upgrades = true;
    emitter.on('upgrade', onUpgrade);
  };
  /** Node's own `http.Server.close` also destroys idle connections, even if a request is under way on them. */
  const close = (): void => {
    NetServer.prototype.close.call(server, () => {});
  };

  const emitter: NetServer = server;
  emitter.on('connection', onRaw);
  if (secure) emitter.on('secureConnection', useOf);
  emitter.prependListener('request', onRequest);
  emitter.on('session', sessions.add);
  emitter.on('listening', onListening);
  emitter.on('newListener', watchUpgrades);
  if (emitter.listenerCount('upgrade') > 0) watchUpgrades('upgrade');

  return {
    refuseReuse: () => {
      refusing = true;
      for (const use of sockets.values()) if (use.latest !== undefined) endWith(use.latest, use);
      sessions.closeQuiet();
    },
    stopListening: () => {
      stopped = true;
      if (server.listening) close();
      sessions.closeAll();
    },
    endIdle: (idleMs) => {
      const now = clock.now();
      for (const [socket, use] of sockets) {
        const idle = use.busy === 0 && socket.bytesRead === use.bytesRead && now - use.idleSinceMs >= idleMs;
        if (idle) socket.end();
      }
    },
    get open() {
      return sockets.size;
    },
    destroy: () => {
      const { size } = sockets;
      for (const socket of [...sockets.keys(), ...handshaking]) socket.destroy();
      return size;
    },
    release: () => {
      emitter.off('connection', onRaw);
      emitter.off('secureConnection', useOf);
      emitter.off('request', onRequest);
      emitter.off('session', sessions.add);
      sessions.release();
      emitter.off('listening', onListening);
      emitter.off('newListener', watchUpgrades);
      emitter.off('upgrade', onUpgrade);
    },
  };
}
