import type { RequestView } from '@regionkit/core';
import type { AffinityMode } from './options.ts';
import type { AffinityReason } from './rule.ts';

/** Marks a request that another region has forwarded. A client that fakes it only makes affinity do less. */
const HOP_FIELD = 'x-region-hop';

/** Why affinity ignores a request. Undefined if it does not. */
export function untouched(
  request: RequestView,
  ignore: (request: RequestView) => boolean,
): (AffinityReason & ('preflight' | 'upgrade' | 'hop' | 'ignored' | 'not-origin-form')) | undefined {
  if (request.target.charCodeAt(0) !== SLASH || request.method === 'CONNECT') return 'not-origin-form';
  if (request.header(HOP_FIELD).length > 0) return 'hop';
  if (request.method === 'OPTIONS' && request.header('access-control-request-method').length > 0) return 'preflight';
  if (request.header('upgrade').length > 0 && /\bupgrade\b/i.test(request.header('connection').join()))
    return 'upgrade';
  return ignore(request) ? 'ignored' : undefined;
}

/**
 * Whether the client can follow a redirect to another origin without loss: only a top-level navigation without a body.
 * Other requests would lose the body (a 302 turns POST into GET) or the credentials (a redirect across origins drops
 * `Authorization`), or fail (a preflight, a `fetch` without CORS).
 */
export function mayRedirect(request: RequestView, mode: AffinityMode): boolean {
  if (mode !== 'auto' && mode !== 'redirect') return false;
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  if (request.header('authorization').length > 0 || hasBody(request)) return false;
  // Browsers drop a prefetched or prerendered page that leads to another origin.
  if (request.header('sec-purpose').length > 0 || request.header('purpose').length > 0) return false;
  const fetchMode = request.header('sec-fetch-mode')[0];
  if (fetchMode !== undefined) {
    return fetchMode === 'navigate' && (request.header('sec-fetch-dest')[0] ?? 'document') === 'document';
  }
  if (request.header('origin').length > 0 || request.header('x-requested-with').length > 0) return false;
  return mode === 'redirect' || /\btext\/html\b/i.test(request.header('accept').join());
}

function hasBody(request: RequestView): boolean {
  if (request.header('transfer-encoding').length > 0) return true;
  const length = request.header('content-length');
  return length.length > 0 && length[0] !== '0';
}

/** The paths of health probes and of certificate authorities, below the mount point. */
export function isProbePath({ path }: RequestView): boolean {
  return (
    path === '/health' ||
    path === '/livez' ||
    path === '/readyz' ||
    path.startsWith('/health/') ||
    path.startsWith('/.well-known/')
  );
}

const SLASH = 0x2f;
