/** The target of a forwarded request. */
export interface SentTarget {
  /** In origin-form. The connection determines the authority, whatever the request says. */
  readonly target: string;
  /**
   * The authority of a target in absolute-form, which takes precedence over `Host`
   * ([RFC 9112 section 3.2.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2)).
   */
  readonly authority: string | undefined;
}

/** Undefined for a target without a path: `*`, the authority of a CONNECT, and anything that could end a line. */
export function sentTarget(given: string): SentTarget | undefined {
  if (ORIGIN_FORM.test(given)) return { target: given, authority: undefined };
  const [, authority, rest = ''] = ABSOLUTE_FORM.exec(given) ?? [];
  if (authority === undefined) return undefined;
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  return ORIGIN_FORM.test(target) ? { target, authority } : undefined;
}

const ORIGIN_FORM = /^\/[\x21-\xff]*$/;
/**
 * A name or an address, and a port. No user: HTTP does not allow one
 * ([RFC 9110 section 4.2.4](https://www.rfc-editor.org/rfc/rfc9110#section-4.2.4)).
 */
const ABSOLUTE_FORM = /^https?:\/\/([A-Za-z0-9._~-]+(?::\d*)?|\[[0-9A-Fa-f:.]+\](?::\d*)?)(?=[/?]|$)(.*)$/i;
