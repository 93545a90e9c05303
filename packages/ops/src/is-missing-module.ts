/** Whether an import has failed because a package, or a part of it, is not installed. */
export function isMissingModule(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return String(code).endsWith('MODULE_NOT_FOUND');
}
