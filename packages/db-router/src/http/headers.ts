import type { Client } from './client.ts';
import { HOP_FIELD } from './hop.ts';

/** Fields in the order and spelling of the sender: name, value, name, value. */
export type RawFields = readonly string[];

/**
 * Fields for one connection only ([RFC 9110 section 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)), in
 * both directions.
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/**
 * Fields that are never passed on as the client sent them: for one connection, or written anew here or by the code that
 * frames the message.
 */
const DROPPED: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect', HOP_FIELD]);

/** What the forwarded request says about its origin. */
export interface Provenance {
  readonly client: Omit<Client, 'isGiven'>;
  readonly host: string | undefined;
  /** The proxy in front of this process sets `X-Forwarded-*` itself. Received values are kept and extended. */
  readonly trusted: boolean;
}

/**
 * Returns the fields of the request to send. Our own come first, because a server with a limit drops the last fields.
 * Fields for one connection are removed. Fields that `Connection` names are removed too, except those that identify the
 * client. The sender adds the framing.
 */
export function requestFields(
  sent: RawFields,
  { client, host, trusted }: Provenance,
  mark: string,
  contentLength: string | undefined,
): string[] {
  // Behind your load balancer it is not known which fields are its own. A client must not be able to remove any of
  // them.
  const named = trusted ? undefined : namedByConnection(sent);
  const passed: string[] = [];
  let cookie: string | undefined;
  let via: string | undefined;
  let chain: string | undefined;
  let sentHost: string | undefined;
  let sentScheme: string | undefined;
  for (let at = 0; at < sent.length; at += 2) {
    const name = sent[at] as string;
    const value = sent[at + 1] as string;
    const field = name.toLowerCase();
    if (field.charCodeAt(0) === COLON || DROPPED.has(field)) continue;
    if (named?.has(field) === true && !isDecidedBy(field)) continue;
    // HTTP/2 clients send one field for each cookie. HTTP/1.1 has one field for all (RFC 9113 section 8.2.3).
    if (field === 'cookie') cookie = listed(cookie, value, '; ');
    else if (field === 'via') via = listed(via, value);
    else if (field !== 'forwarded' && !field.startsWith('x-forwarded-')) passed.push(name, value);
    else if (!trusted) continue;
    else if (field === 'x-forwarded-for') chain = listed(chain, value);
    else if (field === 'x-forwarded-host') sentHost ??= value;
    else if (field === 'x-forwarded-proto') sentScheme ??= value;
    else passed.push(name, value);
  }
  const fields = ['X-Region-Hop', mark, 'Via', listed(via, `${client.httpVersion} regionkit`)];
  if (client.address !== undefined) chain = listed(chain, client.address);
  if (chain !== undefined) fields.push('X-Forwarded-For', chain);
  sentHost ??= host;
  if (sentHost !== undefined) fields.push('X-Forwarded-Host', sentHost);
  fields.push('X-Forwarded-Proto', sentScheme ?? client.scheme);
  if (contentLength !== undefined) fields.push('Content-Length', contentLength);
  if (cookie !== undefined) fields.push('Cookie', cookie);
  for (const text of passed) fields.push(text);
  return fields;
}

function listed(list: string | undefined, value: string, separator = ', '): string {
  return list === undefined ? value : `${list}${separator}${value}`;
}

/**
 * Fields that tell others who the client is, where it came from, and what its body means. A client must not remove one
 * by naming it in `Connection`, so that the primary decides without it (as in CVE-2022-31813).
 */
function isDecidedBy(field: string): boolean {
  return DECIDED_BY.has(field) || /^(?:x-forwarded-|x-region-|content-|sec-)/.test(field);
}

const DECIDED_BY: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'forwarded',
  'idempotency-key',
  'origin',
  'referer',
  'via',
  'x-real-ip',
]);

/** The size of the head that a Node server counts against its `maxHeaderSize`. */
export function headBytes(target: string, fields: RawFields): number {
  let bytes = target.length;
  for (const text of fields) bytes += text.length;
  return bytes;
}

/** Returns the fields of the answer to pass on: all except those for one connection and for the hop. */
export function responseFields(sent: RawFields): string[] {
  const named = namedByConnection(sent);
  const fields: string[] = [];
  for (let at = 0; at < sent.length; at += 2) {
    const name = sent[at] as string;
    const field = name.toLowerCase();
    if (HOP_BY_HOP.has(field) || field === HOP_FIELD || named?.has(field)) continue;
    fields.push(name, sent[at + 1] as string);
  }
  return fields;
}

function namedByConnection(sent: RawFields): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let at = 0; at < sent.length; at += 2) {
    const name = sent[at] as string;
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    for (const option of (sent[at + 1] as string).split(',')) {
      const token = option.trim().toLowerCase();
      if (token === '' || token === 'keep-alive' || token === 'close') continue;
      named ??= new Set();
      named.add(token);
    }
  }
  return named;
}

const COLON = 0x3a;
