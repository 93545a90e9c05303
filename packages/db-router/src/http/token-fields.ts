import type { RequestView, ResponseHead } from '@regionkit/core';
import { cookieValues, exposeField, setCookie } from '@regionkit/core/kit';
import { type Issued, MAX_TOKENS } from '../gate-seam.ts';
import type { CheckedToken } from './token-options.ts';

/** Reads a client's tokens and writes new ones. */
export interface TokenFields {
  /**
   * Returns the tokens as the client sent them, all of them. If one were dropped, the client would not read its own
   * writes, and an attacker who can set cookies on a wider domain could cause that. The router verifies them and limits
   * their number.
   */
  read(request: RequestView): readonly string[];
  write(head: ResponseHead, issued: Issued): void;
}

export function createTokenFields({ cookie, header }: CheckedToken): TokenFields {
  const field = header === false ? undefined : header.toLowerCase();

  return {
    read: (request) => {
      const fields = field === undefined ? NONE : request.header(field);
      const cookies = cookie === false ? NONE : request.header('cookie');
      if (fields.length === 0 && cookies.length === 0) return NONE;
      const written = cookie === false ? NONE : cookieValues(cookies, cookie.name);
      const seen = cookie === false ? NONE : cookieValues(cookies, cookie.seenName);
      // The usual browser: one cookie, or none.
      if (fields.length === 0 && seen.length === 0 && written.length <= 1 && written[0] !== '') return written;
      const sent = listed(fields, MAX_PASSED_ON);
      for (const token of written) if (token !== '') sent.push(token);
      for (const token of seen) if (token !== '') sent.push(token);
      return sent.length > MAX_PASSED_ON ? sent.slice(0, MAX_PASSED_ON) : sent;
    },
    write: (head, { written, seen, notice }) => {
      if (notice !== undefined) {
        head.set(NOTICE_FIELD, notice);
        exposeField(head, NOTICE_FIELD);
      }
      const tokens = [written, seen].filter((token) => token !== undefined);
      if (tokens.length === 0) return;
      if (cookie !== false) {
        const { domain, maxAgeSeconds, secure } = cookie;
        const add = (name: string, value: string): void =>
          head.append(
            'Set-Cookie',
            setCookie({ name, value, maxAgeSeconds, domain, secure, httpOnly: true, sameSite: 'lax' }),
          );
        if (written !== undefined) add(cookie.name, written);
        if (seen !== undefined) add(cookie.seenName, seen);
      }
      if (header !== false) {
        head.set(header, tokens.join(', '));
        exposeField(head, header);
      }
    },
  };
}

/** Tells a client that the write of its token is probably lost, or that this is not known. */
const NOTICE_FIELD = 'X-Region-Notice';
const NONE: readonly string[] = Object.freeze([]);
/** One more than a router verifies: it must see that there are more. */
const MAX_PASSED_ON = MAX_TOKENS + 1;

/**
 * The first `max` members of a list in header fields
 * ([RFC 9110 section 5.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1)). The rest is ignored.
 */
function listed(fields: readonly string[], max: number): string[] {
  const found: string[] = [];
  for (const field of fields) {
    for (let at = 0; at < field.length && found.length < max; ) {
      const comma = field.indexOf(',', at);
      const end = comma === -1 ? field.length : comma;
      const member = field.slice(at, end).trim();
      if (member !== '') found.push(member);
      at = end + 1;
    }
  }
  return found;
}
