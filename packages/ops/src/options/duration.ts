import { OpsError } from '../errors.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `5m` or `1h`, in milliseconds. Undefined if it is none of these. */
export function readDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (UNITS[match[2] as string] as number);
}

/** @throws {OpsError} `ERR_OPS_USAGE` */
export function durationOption(name: string, given: unknown, byDefaultMs: number): number {
  if (given === undefined) return byDefaultMs;
  const value = readDuration(String(given));
  if (value === undefined) throw new OpsError('ERR_OPS_USAGE', `--${name} must be a duration: 500ms, 30s, 5m or 1h`);
  return value;
}
