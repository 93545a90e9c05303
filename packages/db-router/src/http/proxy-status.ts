/**
 * What happened to a write that was to be forwarded, as in `outcomeOf`. `not-sent`: no byte of it left this region.
 * `rejected`: the other region reported that it did not execute it. Both may be sent again. `unknown`: it was sent, and
 * it is not known whether it was executed.
 */
export type ForwardOutcome = 'not-sent' | 'rejected' | 'unknown';

/**
 * The error types of [RFC 9209 section 2.3](https://www.rfc-editor.org/rfc/rfc9209#section-2.3) that a forward can
 * have.
 */
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
 * Makes the `Proxy-Status` ([RFC 9209](https://www.rfc-editor.org/rfc/rfc9209)) of a write that was not executed, or
 * whose outcome is unknown. `details` contains the outcome, unless the forwarding region reports it. The names of
 * regions are DNS labels, which are valid in a token and in a string.
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
