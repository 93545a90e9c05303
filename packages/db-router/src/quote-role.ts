import { check } from '@regionkit/core/kit';

/**
 * Returns the role of `options` as an identifier of SQL.
 *
 * @param caller the function that took the options, for error messages
 * @throws {TypeError | RangeError} `role` is not the name of a role.
 */
export function quoteRole(caller: string, options: { readonly role: string }): string {
  check.object(`${caller}: options`, options, ['role']);
  const role = check.string(`${caller}: role`, options.role);
  if (!/^[^\p{Cc}\p{Cs}]{1,63}$/u.test(role)) throw new RangeError(`${caller}: role must be 1 to 63 characters`);
  return `"${role.replaceAll('"', '""')}"`;
}
