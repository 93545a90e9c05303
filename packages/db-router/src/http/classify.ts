import { errorCode } from '@regionkit/core/kit';
import type { ForwardFailure } from './errors.ts';
import type { ProxyErrorType } from './proxy-status.ts';

/**
 * Classifies a failure of the transport. `sent`: whether a byte of the request was written to a connection. Only
 * without one is it certain that nothing happened.
 */
export function classifyFailure(
  error: unknown,
  { sent, answered }: { sent: boolean; answered: boolean },
): ForwardFailure {
  const code = codeOf(error);
  if (!sent) return notSent(code);
  if (answered) return { code: 'ERR_FORWARD_INCOMPLETE', outcome: 'unknown', proxyError: 'http_response_incomplete' };
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return { code: 'ERR_FORWARD_TIMEOUT', outcome: 'unknown', proxyError: 'http_response_timeout' };
  }
  if (NOT_HTTP.has(code)) {
    return { code: 'ERR_FORWARD_BAD_ANSWER', outcome: 'unknown', proxyError: 'http_protocol_error' };
  }
  return { code: 'ERR_FORWARD_INTERRUPTED', outcome: 'unknown', proxyError: 'connection_terminated' };
}

function notSent(code: string): ForwardFailure {
  switch (code) {
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
      return { code: 'ERR_FORWARD_BAD_REQUEST', outcome: 'not-sent', proxyError: 'http_request_error' };
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return { code: 'ERR_FORWARD_CLOSED', outcome: 'not-sent', proxyError: 'proxy_internal_error' };
    default:
      return { code: 'ERR_FORWARD_UNREACHABLE', outcome: 'not-sent', proxyError: unreachable(code) };
  }
}

function unreachable(code: string): ProxyErrorType {
  if (code === 'ECONNREFUSED') return 'connection_refused';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'connection_timeout';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns_error';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || CERTIFICATE.test(code)) return 'tls_certificate_error';
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO') return 'tls_protocol_error';
  return 'destination_unavailable';
}

/** The reasons of OpenSSL to reject a certificate, with Node's names. */
const CERTIFICATE =
  /^CERT_|_CERT(?:_|$)|SIGNED_CERT|CERTIFICATE|^UNABLE_TO_|^INVALID_(?:CA|PURPOSE)$|^HOSTNAME_MISMATCH$/;

/** The error of undici's parser has no code. */
const PARSER_ERROR = 'HTTPParserError';
/** The codes of undici for answers that violate the protocol. */
const NOT_HTTP: ReadonlySet<string> = new Set([
  PARSER_ERROR,
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** The part of an error that may be shown. Others contain addresses, or bytes of the answer. */
export function plainCause(error: unknown): Error | undefined {
  const code = codeOf(error);
  return code === '' ? undefined : new Error(code);
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error && error.name === PARSER_ERROR ? PARSER_ERROR : '');
}
