import { isIP } from 'node:net';
import type { Regions } from '../regions.ts';

/**
 * Returns every value that a request sent under this cookie name, in order and not decoded. More than one means that
 * another host set a cookie of that name on a wider domain.
 * [RFC 6265 section 4.2.2](https://www.rfc-editor.org/rfc/rfc6265#section-4.2.2) forbids relying on their order.
 *
 * @param name a token ([RFC 6265 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)), so never empty
 */
export function cookieValues(fields: readonly string[], name: string): readonly string[] {
  let found: string[] | undefined;
  for (const field of fields) {
    // Searches for the name instead of parsing every pair, because most cookies are of no interest here.
    for (let at = field.indexOf(name); at !== -1; at = field.indexOf(name, at + 1)) {
      const equals = skipSpace(field, at + name.length);
      if (field.charCodeAt(equals) !== EQUALS || !beginsPair(field, at)) continue;
      const value = valueAfter(field, equals);
      // An array that grows from nothing takes the space of 17 values.
      if (found === undefined) found = [value];
      else found.push(value);
    }
  }
  return found ?? NONE;
}

const NONE: readonly string[] = Object.freeze([]);
const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const QUOTE = 0x22;

function beginsPair(field: string, at: number): boolean {
  const before = skipSpaceBack(field, at);
  return before === 0 || field.charCodeAt(before - 1) === SEMICOLON;
}

/** The text between `equals` and the end of the pair, without surrounding quotes. */
function valueAfter(field: string, equals: number): string {
  const semicolon = field.indexOf(';', equals);
  let start = skipSpace(field, equals + 1);
  let end = skipSpaceBack(field, semicolon === -1 ? field.length : semicolon);
  if (end - start > 1 && field.charCodeAt(start) === QUOTE && field.charCodeAt(end - 1) === QUOTE) {
    start += 1;
    end -= 1;
  }
  return start < end ? field.slice(start, end) : '';
}

function skipSpace(field: string, from: number): number {
  let at = from;
  while (isSpace(field.charCodeAt(at))) at += 1;
  return at;
}

function skipSpaceBack(field: string, from: number): number {
  let at = from;
  while (at > 0 && isSpace(field.charCodeAt(at - 1))) at -= 1;
  return at;
}

/** OWS of [RFC 9110 section 5.6.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.3). */
const isSpace = (code: number): boolean => code === 0x20 || code === 0x09;

/**
 * Checks that a cookie's `Domain` covers every origin that a redirect can lead to
 * ([RFC 6265 section 5.1.3](https://www.rfc-editor.org/rfc/rfc6265#section-5.1.3)). Otherwise the client loses the
 * cookie after a redirect. With one region the domain may be left out.
 *
 * @throws {RangeError} It does not cover every origin.
 */
export function checkCookieDomain(option: string, domain: string | undefined, regions: Regions): void {
  if (domain === undefined) {
    if (regions.list.length === 1 || regions.development) return;
    throw new RangeError(`${option} must be set to a domain that covers every region's origin; it is not set`);
  }
  const suffix = domain.toLowerCase().replace(/^\./, '');
  for (const { origin, name } of regions.list) {
    const host = new URL(origin).hostname;
    // An address has no parent domain: it matches only itself.
    if (host !== suffix && (isIP(host) !== 0 || !host.endsWith(`.${suffix}`))) {
      throw new RangeError(`${option} must cover the origin of every region; it does not cover that of ${name}`);
    }
  }
  if (!suffix.includes('.')) {
    throw new RangeError(`${option} must have a dot in it: browsers drop a cookie for a top-level domain or localhost`);
  }
}
