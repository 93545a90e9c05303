import { isIP } from 'node:net';
import type { RequestView } from '@regionkit/core';

/** Where a request came from, by its connection. */
export interface Client {
  readonly httpVersion: string;
  readonly scheme: 'http' | 'https';
  /** Undefined if it is not known: a fetch `Request` has no connection. */
  readonly address: string | undefined;
  /** The app set the address. No field of the request overrides it. */
  readonly isGiven: boolean;
}

interface Connection {
  readonly encrypted?: boolean;
  readonly remoteAddress?: string;
}

/**
 * Called when the request arrives, because a closed connection has no address.
 *
 * @param given the address from the app, which takes precedence over the connection
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

/**
 * Returns the address in a value of a load balancer: alone, in brackets, or with a port. Undefined if there is none.
 */
export function ipOf(text: string): string | undefined {
  const ip = WITH_PORT.exec(text)?.[1] ?? IN_BRACKETS.exec(text)?.[1] ?? text;
  return isIP(ip) === 0 ? undefined : ip;
}

const WITH_PORT = /^([\d.]+):\d{1,5}$/;
const IN_BRACKETS = /^\[([^\]]*)\](?::\d{1,5})?$/;

/** The socket of an HTTP/2 session that has ended throws on access. */
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
