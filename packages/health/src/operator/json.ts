/**
 * JSON of what a router reports. JSON has no bigint: a position is written as PostgreSQL writes it (`0/3000148`), here as in
 * the reports themselves.
 */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? lsn(each) : each));
}

function lsn(position: bigint): string {
  const half = (part: bigint): string => part.toString(16).toUpperCase();
  return `${half(position >> 32n)}/${half(position & 0xffff_ffffn)}`;
}
