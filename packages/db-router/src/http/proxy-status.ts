/**
 * What is known of the write that was to be forwarded, of the outcomes that `outcomeOf` gives. `not-sent`: no byte of it
 * left this region. `rejected`: the other region said that it did not do it. Both may be sent again. `unknown`: it was
 * sent, and nobody can tell whether it was done.
 */
export type ForwardOutcome = 'not-sent' | 'rejected' | 'unknown';

/** Error types of RFC 9209 section 2.3 that a forward can end in. */
export type ProxyErrorType =
  | 'connection_limit_reached'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'destination_unavailable'
  | 'dns_error'
  | 'http_protocol_error'
  | 'http_request_denied'
  | 'http_request_error'
  | 'http_response_incomplete'
  | 'http_response_timeout'
  | 'proxy_configuration_error'
  | 'proxy_internal_error'
  | 'proxy_loop_detected'
  | 'tls_certificate_error'
  | 'tls_protocol_error';

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
