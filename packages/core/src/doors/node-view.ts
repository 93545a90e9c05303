import type { NodeRequest, NodeResponse, RequestView } from '../http/decision.ts';
import { onResponseEnd, responseEnd } from './response-end.ts';

const NONE: readonly string[] = Object.freeze([]);
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

/** Frameworks set this on Node's request when they mount something below a path. */
type MountedRequest = NodeRequest & { readonly originalUrl?: string };

/** The path of a request target: without query and fragment, and without the authority of an absolute-form target. */
export function pathOf(target: string): string {
  const below = target.charCodeAt(0) === 47 ? target : target.replace(ABSOLUTE_FORM, '');
  const hash = below.indexOf('#');
  const query = below.indexOf('?');
  const end = query === -1 || (hash !== -1 && hash < query) ? hash : query;
  return (end === -1 ? below : below.slice(0, end)) || '/';
}

/**
 * A class, because each request needs one: its getters cost nothing until they are read. The constructor saves what a
 * framework may rewrite later: the method, and the URL inside a router.
 */
export class NodeView implements RequestView {
  readonly raw: NodeRequest;
  readonly method: string;
  readonly target: string;
  readonly #url: string;
  readonly #response: NodeResponse;
  #signal: AbortSignal | undefined;
  #path: string | undefined;
  /** Which names of fields there can be, as bits. Several deciders ask for fields that are mostly missing. */
  #names = 0;
  /** Several deciders ask for the cookies. */
  #cookies: readonly string[] | undefined;

  /** @param url the target below the mount point. Default: the framework's `request.url` */
  constructor(request: NodeRequest, response: NodeResponse, target?: string, url?: string) {
    this.raw = request;
    this.method = request.method ?? 'GET';
    this.target = target ?? (request as MountedRequest).originalUrl ?? request.url ?? '/';
    this.#url = url ?? request.url ?? '/';
    this.#response = response;
  }

  get path(): string {
    this.#path ??= pathOf(this.#url);
    return this.#path;
  }

  get host(): string | undefined {
    const authority = this.raw.httpVersionMajor === 2 ? this.header(':authority') : NONE;
    const hosts = authority.length > 0 ? authority : this.header('host');
    return hosts.length === 1 ? hosts[0] : undefined;
  }

  get httpVersion(): string {
    return this.raw.httpVersion;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#response);
    return this.#signal;
  }

  /**
   * Scans the raw headers, as they are when the first field is read. `headers` would drop and join values, and `headersDistinct` exists for HTTP/1 only; building
   * either costs time.
   */
  header(name: string): readonly string[] {
    const { rawHeaders } = this.raw;
    if (rawHeaders === undefined || rawHeaders.length === 0) return adaptedHeader(this.raw, name);
    if (this.#names === 0) this.#names = namesIn(rawHeaders);
    if ((this.#names & bitOf(name)) === 0) return NONE;
    if (name !== 'cookie') return valuesOf(rawHeaders, name);
    this.#cookies ??= valuesOf(rawHeaders, name);
    return this.#cookies;
  }
}

/** One of 32 bits, by the length of a name and its last letter in lower case. */
function bitOf(field: string): number {
  return 1 << (field.length * 11 + (field.charCodeAt(field.length - 1) | 0x20));
}

function namesIn(rawHeaders: readonly string[]): number {
  let names = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) names |= bitOf(rawHeaders[at] as string);
  return names;
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  let found: string[] | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!isField(rawHeaders[at] as string, name)) continue;
    const value = rawHeaders[at + 1] as string;
    // An array that grows from nothing takes the space of 17 values.
    if (found === undefined) found = [value];
    else found.push(value);
  }
  return found ?? NONE;
}

/**
 * Whether a field has this name, given in lower case
 * ([RFC 9110 section 5.1](https://www.rfc-editor.org/rfc/rfc9110#section-5.1)). It allocates nothing, because it runs
 * often.
 */
function isField(field: string, name: string): boolean {
  if (field.length !== name.length) return false;
  for (let at = 0; at < field.length; at += 1) {
    const code = field.charCodeAt(at);
    if ((code >= 0x41 && code <= 0x5a ? code | 0x20 : code) !== name.charCodeAt(at)) return false;
  }
  return true;
}

/** Adapters that turn a function's event into a Node request fill only `headers`. */
function adaptedHeader(request: NodeRequest, name: string): readonly string[] {
  const value = request.headers?.[name];
  if (value === undefined) return NONE;
  return typeof value === 'string' ? [value] : value;
}

function signalOf(response: NodeResponse): AbortSignal {
  const controller = new AbortController();
  const end = responseEnd(response);
  if (end === 'cut short') controller.abort();
  if (end === 'under way') onResponseEnd(response, (aborted) => aborted && controller.abort());
  return controller.signal;
}
