const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1.5 GB`, as PostgreSQL writes sizes: 1 kB is 1,024 B. */
export function bytes(count: number): string {
  const power = Math.min(count < 1 ? 0 : Math.floor(Math.log2(count) / 10), UNITS.length - 1);
  return `${round(count / 1_024 ** power)} ${UNITS[power]}`;
}

/** `45 s`, `3 min`, `2 h`, `5 d`: of two units the one that gives at least 2. */
export function duration(ms: number): string {
  const seconds = Math.abs(ms) / 1_000;
  if (seconds < 120) return `${round(seconds)} s`;
  if (seconds < 2 * 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** `a, b and 3 more`: at most five names. */
export function names(list: readonly string[]): string {
  const [shown, more] = [list.slice(0, 5), list.length - 5];
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

const round = (value: number): string => String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
