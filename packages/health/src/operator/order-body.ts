const MAX_LENGTH = 500;

/** The body of an order. */
export interface OrderBody {
  readonly reason: string;
  /** The process that it is for, as its status names it. Undefined: the one that a balancer picks. */
  readonly process: string | undefined;
}

/**
 * Reads `{ "reason": "…", "process": "…" }`. The reason goes into the log and the events, so it is one line of text: 1 to 500
 * characters, without control characters. Undefined: it is not that.
 */
export function readOrder(body: string): OrderBody | undefined {
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
  if (Object.keys(given).some((name) => name !== 'reason' && name !== 'process')) return undefined;
  const { reason, process } = given as { readonly reason?: unknown; readonly process?: unknown };
  if (typeof reason !== 'string') return undefined;
  if (process !== undefined && typeof process !== 'string') return undefined;
  const text = reason.trim();
  const isLine = text.length > 0 && text.length <= MAX_LENGTH && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text);
  return isLine ? { reason: text, process } : undefined;
}
