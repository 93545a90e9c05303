import { isIP } from 'node:net';
import type { Regions } from '../regions.ts';

/**
 * Every value a request sent under this cookie name, in order, undecoded. More than one means that somebody else set a
 * cookie of that name on a wider domain: RFC 6265 section 4.2.2 forbids relying on their order.
 */
export function cookieValues(fields: readonly string[], name: string): readonly string[] {
  const found: string[] = [];
  for (const field of fields) {
    let equals = -1;
    for (let at = 0, end = 0; at < field.length; at = end + 1) {
      end = field.indexOf(';', at);
      if (end === -1) end = field.length;
      // Searched once for all the pairs before it, or a field of nothing but semicolons would cost its square.
      if (equals < at) equals = field.indexOf('=', at);
      if (equals === -1) break;
      if (equals > end || field.slice(at, equals).trim() !== name) continue;
      const value = field.slice(equals + 1, end).trim();
      found.push(value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value);
    }
  }
  return found;
}

/**
 * Checks that a cookie's `Domain` covers every origin a redirect can lead to (RFC 6265 section 5.1.3): otherwise the
 * client loses the cookie on the way. No domain is right when there is one region.
 *
 * @throws {RangeError} It does not.
 */
export function checkCookieDomain(option: string, domain: string | undefined, regions: Regions): void {
  if (domain === undefined) {
    if (regions.list.length === 1 || regions.development) return;
    throw new RangeError(`${option} must be set to a domain that covers every region's origin; it is not set`);
  }
  const suffix = domain.toLowerCase().replace(/^\./, '');
  for (const { origin, name } of regions.list) {
    const host = new URL(origin).hostname;
    // An address has no parent: only itself matches.
    if (host !== suffix && (isIP(host) !== 0 || !host.endsWith(`.${suffix}`))) {
      throw new RangeError(`${option} must cover the origin of every region; it does not cover that of ${name}`);
    }
  }
}
