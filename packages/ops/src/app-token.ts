import type { HttpAnswer } from './http.ts';

/** What an app answers a write with: its position, as a header or as a cookie. */
const HEADER = 'x-region-token';
const COOKIE = /^(region-token=[^;]+)/;

/** The header with which a client returns the token of an answer. Undefined: the answer has none. */
export function tokenOf({ headers }: Pick<HttpAnswer, 'headers'>): Readonly<Record<string, string>> | undefined {
  const header = headers[HEADER];
  if (typeof header === 'string') return { [HEADER]: header };
  const cookie = headers['set-cookie']?.map((one) => COOKIE.exec(one)?.[1]).find((one) => one !== undefined);
  return cookie === undefined ? undefined : { cookie };
}
