import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isLoopback } from '@regionkit/core/kit';
import { failureOfStatus, SourceError } from '../failure.ts';
import { parseJson } from '../json.ts';

export interface GetJson {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** A file with the certificates of the authorities to trust. @default those of Node */
  readonly caFile?: string | undefined;
}

/** The largest accepted answer. A secret of Kubernetes has at most 1 MiB, and base64 adds a third. */
const MAX_ANSWER_BYTES = 2_097_152;

/**
 * Gets JSON over TLS, or over plain http from loopback. Follows no redirect and bounds the answer.
 *
 * @throws {SourceError} There is no answer, or it must not be used.
 */
export async function getJson(given: GetJson): Promise<Readonly<Record<string, unknown>>> {
  const { url } = given;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw new SourceError('refused');
  const response = await send(given);
  try {
    const { statusCode = 0 } = response;
    if (statusCode !== 200) throw new SourceError(failureOfStatus(statusCode));
    return objectOf(parseJson(await readText(response)));
  } finally {
    response.destroy();
  }
}

async function send({ url, headers, signal, caFile }: GetJson): Promise<IncomingMessage> {
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
      url,
      { headers: { accept: 'application/json', ...headers }, signal, ...(ca !== undefined && { ca }) },
      resolve,
    );
    request.once('error', reject);
    request.end();
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new SourceError('invalid', 'too-large');
    chunks.push(chunk);
  }
  // A shorter answer than announced is an error of Node, with code ECONNRESET.
  return Buffer.concat(chunks).toString('utf8');
}

/** A token, or what returns one that is valid now. */
export type Token = string | (() => string | Promise<string>);

/** @throws {SourceError} `credentials`: there is no token that a header can carry. */
export async function currentToken(token: Token): Promise<string> {
  let now: unknown;
  try {
    now = typeof token === 'function' ? await token() : token;
  } catch {
    throw new SourceError('credentials');
  }
  if (typeof now !== 'string' || !/^[\x21-\x7e]+$/.test(now)) throw new SourceError('credentials');
  return now;
}

/** A part of an answer that must be an object. @throws {SourceError} It is something else. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SourceError('unavailable');
  return value as Readonly<Record<string, unknown>>;
}

/** A part of an answer that must be a text. @throws {SourceError} It is something else. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new SourceError('unavailable');
  return value;
}

/** @throws {TypeError} It is neither a text nor a function. */
export function checkToken(option: string, token: unknown): Token {
  if (typeof token === 'function' || (typeof token === 'string' && token !== '')) return token as Token;
  throw new TypeError(`${option} must be a token, or a function that returns one`);
}
