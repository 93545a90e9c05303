/** Fields that say one more thing rather than another: what CORS or the app has put there must stay. */
const ADDITIVE = new Set(['set-cookie', 'vary', 'access-control-expose-headers']);

export function isAdditive(name: string): boolean {
  return ADDITIVE.has(name.toLowerCase());
}
