/**
 * An ASCII host name ([RFC 3986 section 3.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2), without
 * percent-encoding), an IPv4 or a bracketed IPv6 address.
 */
const HOST = /^(?<name>\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::\d{1,5})?$/i;

/**
 * Returns a `Host` value in canonical spelling: lower case, no port, no trailing dot. Undefined if it is not a host.
 */
export function normaliseHost(host: string): string | undefined {
  if (host.length > 255) return undefined;
  return HOST.exec(host)?.groups?.name?.toLowerCase();
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/;

/** Whether a host name leads to this machine. It is as in `URL.hostname`; IPv6 may also be without brackets. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}
