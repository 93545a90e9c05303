/** As in PostgreSQL: 1 kB is 1,024 bytes. */
const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1_024, MB: 1_024 ** 2, GB: 1_024 ** 3 };

/** `512kB`, `16MB` or `2GB`, in bytes. Undefined if it is none of these. */
export function readBytes(text: string): number | undefined {
  const match = /^(\d{1,9})(B|kB|MB|GB)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (UNITS[match[2] as string] as number);
}
