const MAX_LENGTH = 500;

/**
 * Reads `{ "reason": "…" }`. It goes into the log and the events, so it is one line of text: 1 to 500 characters, without
 * control characters. Undefined: it is not that.
 */
export function readReason(body: string): string | undefined {
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  if (Object.keys(given).some((name) => name !== 'reason')) return undefined;
  const { reason } = given as { readonly reason?: unknown };
  if (typeof reason !== 'string') return undefined;
  const text = reason.trim();
  const isLine = text.length > 0 && text.length <= MAX_LENGTH && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text);
  return isLine ? text : undefined;
}
