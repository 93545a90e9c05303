import { isIP } from 'node:net';
import type { RequestView } from '@regionkit/core';

/** Where a request came from, as its own connection tells. */
export interface Client {
  readonly httpVersion: string;
  readonly scheme: 'http' | 'https';
  /** Undefined where nothing tells: a fetch `Request` has no connection. */
  readonly address: string | undefined;
  /** The app named the address, so no field of the request says another one. */
  readonly isGiven: boolean;
}

interface Connection {
  readonly encrypted?: boolean;
  readonly remoteAddress?: string;
}

/**
 * Asked when the request is taken: a connection that has ended since tells no address any more.
 *
 * @param given what the app says of it, which counts before the connection
 */
export function clientOf(request: RequestView, given: string | undefined): Client {
  const { socket, url } = request.raw as { readonly socket?: Connection; readonly url?: string };
  const isHttp2 = Number.parseInt(request.httpVersion, 10) >= 2;
  const named = given === undefined ? undefined : ipOf(given);
  const address = named ?? addressOf(socket);
  const encrypted = socket === undefined ? url?.startsWith('https:') : isEncrypted(socket);
  return {
    httpVersion: isHttp2 ? '2.0' : request.httpVersion,
    scheme: encrypted ? 'https' : 'http',
    address,
    isGiven: named !== undefined,
  };
}

/** The address in what a load balancer writes: alone, in brackets, or with a port. Undefined when there is none. */
export function ipOf(text: string): string | undefined {
  const ip = WITH_PORT.exec(text)?.[1] ?? IN_BRACKETS.exec(text)?.[1] ?? text;
  return isIP(ip) === 0 ? undefined : ip;
}

const WITH_PORT = /^([\d.]+):\d{1,5}$/;
const IN_BRACKETS = /^\[([^\]]*)\](?::\d{1,5})?$/;

/** The socket of an HTTP/2 session that has ended throws at whoever asks it. */
function addressOf(socket: Connection | undefined): string | undefined {
  try {
    return socket?.remoteAddress;
  } catch {
    return undefined;
  }
}

function isEncrypted(socket: Connection): boolean {
  try {
    return socket.encrypted === true;
  } catch {
    return false;
  }
}
