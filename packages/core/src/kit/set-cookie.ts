/** A cookie to set. Names and values are our own, or checked. Nothing is encoded here. */
export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** 0 deletes the cookie. */
  readonly maxAgeSeconds: number;
  /** With or without a leading dot. Left out: for this host only. */
  readonly domain?: string | undefined;
  /** @default '/' */
  readonly path?: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: 'lax' | 'strict' | 'none';
}

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

/**
 * The value of a `Set-Cookie` field, [RFC 6265 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1).
 */
export function setCookie(cookie: SetCookie): string {
  const { name, value, maxAgeSeconds, domain, path = '/', httpOnly, secure, sameSite } = cookie;
  return [
    `${name}=${value}; Max-Age=${maxAgeSeconds}`,
    domain === undefined ? '' : `; Domain=${domain.replace(/^\./, '')}`,
    `; Path=${path}`,
    httpOnly ? '; HttpOnly' : '',
    secure ? '; Secure' : '',
    `; SameSite=${SAME_SITE[sameSite]}`,
  ].join('');
}
