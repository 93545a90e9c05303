import type { Duplex } from 'node:stream';
import { errorCode } from '@regionkit/core/kit';
import pg from 'pg';
import { NETWORK_REASONS } from '../network-reasons.ts';
import { guardReading } from './guard-reading.ts';

/** How an examination of a server failed. Codes and our own words only: a message of a server may hold anything. */
export type Unreachable =
  | 'refused'
  | 'timed-out'
  | 'no-such-host'
  | 'wrong-password'
  | 'no-permission'
  | 'no-database'
  | 'certificate'
  | 'no-tls'
  | 'starting'
  | 'too-old'
  | 'malformed'
  | 'failed';

export type Answer<T> =
  | { readonly ok: true; readonly value: T; readonly tookMs: number }
  | { readonly ok: false; readonly why: Unreachable; readonly code: string | undefined };

export interface AskOptions {
  readonly url: string;
  /** For the connection, and again for the statements. In milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** More than any answer to our statements. A server that sends more than this is not read to the end. */
const MAX_BYTES = 8 * 1_024 ** 2;

/** Opens one connection, runs `work` on it, and closes it. Never rejects: a server that does not answer is an answer. */
export async function ask<T>(
  { url, timeoutMs, signal }: AskOptions,
  work: (client: pg.Client) => Promise<T>,
): Promise<Answer<T>> {
  const started = performance.now();
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    application_name: 'regionkit ops',
  });
  client.on('error', () => {});
  // A client of pg whose connection is destroyed while it connects never settles.
  let isTooMuch = false;
  let giveUp = (): void => {};
  const given = new Promise<never>((_resolve, reject) => {
    giveUp = () => {
      destroy(client);
      reject(new Error('given up'));
    };
  });
  guardReading(client);
  bound(client, () => {
    isTooMuch = true;
    giveUp();
  });
  const examine = async (): Promise<T> => {
    await client.connect();
    return work(client);
  };
  try {
    signal.throwIfAborted();
    signal.addEventListener('abort', giveUp, { once: true });
    const value = await Promise.race([examine(), given]);
    end(client);
    return { ok: true, value, tookMs: performance.now() - started };
  } catch (error) {
    destroy(client);
    if (isTooMuch) return { ok: false, why: 'malformed', code: undefined };
    return { ok: false, ...unreachable(error) };
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

interface Wire {
  readonly stream: Duplex;
  once(event: 'connect' | 'sslconnect', listener: () => void): unknown;
}

const wireOf = (client: pg.Client): Wire => (client as unknown as { readonly connection: Wire }).connection;

const END_MS = 1_000;

/** Ends the session in good order, so that the server logs no error; a server that does not close is not waited for. */
function end(client: pg.Client): void {
  client.end().catch(() => {});
  setTimeout(() => wireOf(client).stream.destroy(), END_MS).unref();
}

function destroy(client: pg.Client): void {
  client.end().catch(() => {});
  wireOf(client).stream.destroy();
}

function bound(client: pg.Client, onTooMuch: () => void): void {
  const wire = wireOf(client);
  let received = 0;
  const watch = (): void => {
    wire.stream.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > MAX_BYTES) onTooMuch();
    });
  };
  wire.once('connect', watch);
  wire.once('sslconnect', watch);
}

/** An error of a connection or a statement in our own words. */
export function unreachable(error: unknown): { readonly why: Unreachable; readonly code: string | undefined } {
  const code = errorCode(error);
  return { why: reasonOf(error, code), code };
}

/** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const REASONS: Readonly<Record<string, Unreachable>> = {
  ...NETWORK_REASONS,
  '28000': 'wrong-password',
  '28P01': 'wrong-password',
  '42501': 'no-permission',
  '3D000': 'no-database',
  '57P03': 'starting',
  '42883': 'too-old',
  '42703': 'too-old',
  '42P01': 'too-old',
  ERR_OUT_OF_RANGE: 'malformed',
  ERR_BUFFER_OUT_OF_BOUNDS: 'malformed',
  CERT_HAS_EXPIRED: 'certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate',
};

function reasonOf(error: unknown, code: string | undefined): Unreachable {
  if (code !== undefined) return REASONS[code] ?? 'failed';
  // node-postgres has no code for its own errors.
  const message = error instanceof Error ? error.message : '';
  if (/timeout/i.test(message)) return 'timed-out';
  return /does not support SSL/.test(message) ? 'no-tls' : 'failed';
}
