import { check } from '@regionkit/core/kit';

/** Less than the router waits by default, so that the store says what took so long. */
const DEFAULT_MS = 1_500;
const MAX_MS = 60_000;

export function readTimeout(store: string, { timeoutMs = DEFAULT_MS }: { readonly timeoutMs?: number }): number {
  return check.integer(`${store}: timeoutMs`, timeoutMs, { min: 10, max: MAX_MS });
}
