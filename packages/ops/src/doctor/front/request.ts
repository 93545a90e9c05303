import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { NETWORK_REASONS } from '../../network-reasons.ts';

/** Route 53 and load balancers read no more of a body. */
const READ_BYTES = 5_120;

/** What a checker sees of one request: GET, IPv4, a new connection, no redirect followed, no certificate verified. */
export interface Seen {
  readonly status: number;
  /** From the connection to the head of the answer, in milliseconds. */
  readonly headMs: number;
  /** The first 5,120 bytes. */
  readonly body: string;
  /** Whether the body is longer. */
  readonly isLonger: boolean;
  /** The `Date` of the answer, in milliseconds since 1970. It has a resolution of one second. */
  readonly dateMs: number | undefined;
  /** This machine's clock halfway between request and head, and half of that time. */
  readonly askedAtMs: number;
  readonly uncertainMs: number;
}

export type Unseen = 'refused' | 'timed-out' | 'no-such-host' | 'no-ipv4' | 'certificate' | 'failed';

export type Look<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: Unseen };

interface Asked {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly readBytes?: number;
  /** Sends this text as JSON by POST. */
  readonly post?: string;
  /** Verify the certificate, with these issuers. Never send a token without it. */
  readonly verify?: { readonly ca: string | undefined };
}

/** Asks as a checker does. Never rejects: no answer is an answer. */
export function look({
  url,
  headers,
  timeoutMs,
  signal,
  readBytes = READ_BYTES,
  post,
  verify,
}: Asked): Promise<Look<Seen>> {
  return new Promise((resolve) => {
    let connectedMs = performance.now();
    const [askedAtMs, sinceMs] = [Date.now(), performance.now()];
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    const request = send(url, {
      family: 4,
      agent: false,
      signal,
      method: post === undefined ? 'GET' : 'POST',
      headers: {
        'user-agent': 'regionkit-doctor',
        ...(post !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(post) }),
        ...headers,
      },
      rejectUnauthorized: verify !== undefined,
      ...(verify?.ca !== undefined && { ca: verify.ca }),
    });
    const timer = setTimeout(() => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), timeoutMs);
    const end = (result: Look<Seen>): void => {
      clearTimeout(timer);
      resolve(result);
      request.destroy();
    };
    request.once('socket', (socket: Socket) => {
      socket.once('connect', () => {
        connectedMs = performance.now();
      });
    });
    request.on('error', (error: NodeJS.ErrnoException) => end({ ok: false, why: reasonOf(error.code) }));
    request.once('response', (response) => {
      const uncertainMs = (performance.now() - sinceMs) / 2;
      const date = Date.parse(response.headers.date ?? '');
      const head = {
        status: response.statusCode ?? 0,
        headMs: performance.now() - connectedMs,
        dateMs: Number.isFinite(date) ? date : undefined,
        askedAtMs: askedAtMs + uncertainMs,
        uncertainMs,
      };
      let body = Buffer.alloc(0);
      const finish = (isLonger: boolean): void =>
        end({ ok: true, value: { ...head, body: body.subarray(0, readBytes).toString('utf8'), isLonger } });
      response.on('data', (chunk: Buffer) => {
        body = Buffer.concat([body, chunk]);
        if (body.length > readBytes) finish(true);
      });
      response.once('end', () => finish(false));
      response.on('error', () => finish(false));
    });
    request.end(post);
  });
}

const REASONS: Readonly<Record<string, Unseen>> = {
  ...NETWORK_REASONS,
  EADDRNOTAVAIL: 'no-ipv4',
};

export function reasonOf(code: string | undefined): Unseen {
  if (code === undefined) return 'failed';
  return REASONS[code] ?? (/CERT|TLS|SSL|EPROTO/.test(code) ? 'certificate' : 'failed');
}
