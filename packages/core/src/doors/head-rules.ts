/** Fields with several values. Values that CORS or the app has set must stay. */
const ADDITIVE = new Set(['set-cookie', 'vary', 'access-control-expose-headers']);
/** Asked first: a door asks of every field, few fields are additive, and to write a name in lower case costs more. */
const LENGTHS = new Set([...ADDITIVE].map(({ length }) => length));

export function isAdditive(name: string): boolean {
  return LENGTHS.has(name.length) && ADDITIVE.has(name.toLowerCase());
}
