/** Fields with several values. Values that CORS or the app has set must stay. */
const ADDITIVE = new Set(['set-cookie', 'vary', 'access-control-expose-headers']);

export function isAdditive(name: string): boolean {
  return ADDITIVE.has(name.toLowerCase());
}
