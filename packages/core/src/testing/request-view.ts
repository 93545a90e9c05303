import type { RequestView } from '../http/decision.ts';

/** The parts of a request that a test sets. `headers` may be written in any case. */
export interface RequestParts extends Partial<RequestView> {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Makes a request for tests of deciders. The default is `GET /` on `app.example.com` without headers. The path follows
 * from the target.
 *
 * @example
 * ```ts
 * affinity.decide(requestView({ target: '/cart?x=1', headers: { Cookie: 'region=eu-west-1' } }));
 * ```
 */
export function requestView({ headers = {}, ...parts }: RequestParts = {}): RequestView {
  const fields = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(headers)) {
    fields.set(name.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  const target = parts.target ?? parts.path ?? '/';
  const hosts = fields.get('host') ?? ['app.example.com'];
  return {
    method: 'GET',
    target,
    path: target.replace(/[?#].*$/s, ''),
    host: hosts.length === 1 ? hosts[0] : undefined,
    header: (name) => fields.get(name) ?? [],
    httpVersion: '1.1',
    signal: new AbortController().signal,
    raw: {},
    ...parts,
  };
}
