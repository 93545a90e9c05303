/** A request target as it is sent on. */
export interface SentTarget {
  /** In origin-form: the authority is that of the connection it goes by, whatever was asked for. */
  readonly target: string;
  /** The authority of a target in absolute-form, which counts before `Host` (RFC 9112 section 3.2.2). */
  readonly authority: string | undefined;
}

/** Undefined for what is no path: `*`, the authority of a CONNECT, and what could end a line. */
export function sentTarget(given: string): SentTarget | undefined {
  if (ORIGIN_FORM.test(given)) return { target: given, authority: undefined };
  const [, authority, rest = ''] = ABSOLUTE_FORM.exec(given) ?? [];
  if (authority === undefined) return undefined;
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  return ORIGIN_FORM.test(target) ? { target, authority } : undefined;
}

const ORIGIN_FORM = /^\/[\x21-\xff]*$/;
/** A name or an address and a port; no user, as none is to be sent in HTTP (RFC 9110 section 4.2.4). */
const ABSOLUTE_FORM = /^https?:\/\/([A-Za-z0-9._~-]+(?::\d*)?|\[[0-9A-Fa-f:.]+\](?::\d*)?)(?=[/?]|$)(.*)$/i;
