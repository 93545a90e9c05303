const CODE = /^[A-Z0-9_]{1,60}$/;

/**
 * Returns the code of an error: an errno, a SQLSTATE or a code of Node. An error that contains one error for each address
 * of a name has the code of the first. Undefined if there is no code, or if it has the form of none.
 */
export function errorCode(error: unknown): string | undefined {
  const { code, errors } = (error ?? {}) as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === 'string' && CODE.test(code)) return code;
  return errors?.[0] === undefined ? undefined : errorCode(errors[0]);
}
