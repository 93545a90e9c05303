/** Fields as they were sent: name, value, name, value. */
export type RawFields = readonly string[];

/** Meaningful on one connection only (RFC 9110 section 7.6.1), in either direction. */
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

/** Never passed on as the client sent them: written anew, or made by whoever frames the message. */
const OURS: ReadonlySet<string> = new Set(['host', 'content-length', 'expect', 'x-region-hop']);

/** What the request's connection says of where it came from. */
export interface Provenance {
  readonly httpVersion: string;
  readonly host: string | undefined;
  readonly scheme: 'http' | 'https';
  readonly remoteAddress: string | undefined;
  /** Whoever is in front of this process sets `X-Forwarded-*` itself: what came is kept, and added to. */
  readonly trusted: boolean;
}

/**
 * The fields of the request to send: what `Connection` names goes first, so that it cannot remove what is added after;
 * then what belongs to one connection; then ours. Framing is left to whoever sends it.
 */
export function requestFields(
  sent: RawFields,
  provenance: Provenance,
  mark: string,
  contentLength: string | undefined,
): string[] {
  const named = namedByConnection(sent);
  const fields: string[] = [];
  const cookies: string[] = [];
  const via: string[] = [];
  const came: Record<string, string[]> = { 'x-forwarded-for': [], 'x-forwarded-host': [], 'x-forwarded-proto': [] };
  for (let at = 0; at < sent.length; at += 2) {
    const name = sent[at] as string;
    const value = sent[at + 1] as string;
    const field = name.toLowerCase();
    if (field.charCodeAt(0) === COLON || HOP_BY_HOP.has(field) || OURS.has(field) || named?.has(field)) continue;
    if (field === 'via') via.push(value);
    else if (field === 'cookie') cookies.push(value);
    else if (field === 'forwarded' || field.startsWith('x-forwarded-')) {
      if (!provenance.trusted) continue;
      if (Object.hasOwn(came, field)) came[field]?.push(value);
      else fields.push(name, value);
    } else fields.push(name, value);
  }
  // HTTP/2 clients send one field a cookie; HTTP/1.1 has one for all (RFC 9113 section 8.2.3).
  if (cookies.length > 0) fields.push('Cookie', cookies.join('; '));
  if (contentLength !== undefined) fields.push('Content-Length', contentLength);
  via.push(`${provenance.httpVersion} regionkit`);
  fields.push('Via', via.join(', '));
  const { remoteAddress, scheme } = provenance;
  const chain = came['x-forwarded-for'] as string[];
  if (remoteAddress !== undefined) chain.push(remoteAddress);
  if (chain.length > 0) fields.push('X-Forwarded-For', chain.join(', '));
  const host = came['x-forwarded-host']?.[0] ?? provenance.host;
  if (host !== undefined) fields.push('X-Forwarded-Host', host);
  fields.push('X-Forwarded-Proto', came['x-forwarded-proto']?.[0] ?? scheme);
  fields.push('X-Region-Hop', mark);
  return fields;
}

/** The fields of the answer to pass on: the same, less what belongs to one connection. */
export function responseFields(sent: RawFields): string[] {
  const named = namedByConnection(sent);
  const fields: string[] = [];
  for (let at = 0; at < sent.length; at += 2) {
    const name = sent[at] as string;
    const field = name.toLowerCase();
    if (!HOP_BY_HOP.has(field) && !named?.has(field)) fields.push(name, sent[at + 1] as string);
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
