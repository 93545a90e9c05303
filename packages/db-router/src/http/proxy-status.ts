import type { ForwardOutcome, ProxyErrorType } from './errors.ts';

/**
 * `Proxy-Status` (RFC 9209) of a write that was not done, or of which nobody can tell: `details` is its outcome, unless
 * it is left to the region that forwarded the write. Names of
 * regions are DNS labels, which fit in a token and in a string as they are.
 */
export function proxyStatus({
  self,
  error,
  outcome,
  nextHop,
  receivedStatus,
}: {
  readonly self: string;
  readonly error: ProxyErrorType;
  readonly outcome?: ForwardOutcome;
  readonly nextHop?: string;
  readonly receivedStatus?: number | undefined;
}): string {
  const next = nextHop === undefined ? '' : `; next-hop="${nextHop}"`;
  const received = receivedStatus === undefined ? '' : `; received-status=${receivedStatus}`;
  const details = outcome === undefined ? '' : `; details="${outcome}"`;
  return `regionkit.${self}; error=${error}${next}${received}${details}`;
}
