import { clean } from './clean.ts';

/** Reads JSON that another process sent. It assumes no type for any part of it. */
export type Members = Readonly<Record<string, unknown>>;

export function members(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

/** At most `max` objects of a list. */
export function list(value: unknown, max: number): readonly Members[] {
  return Array.isArray(value) ? value.slice(0, max).map(members) : [];
}

export function text(value: unknown, max?: number): string {
  return typeof value === 'string' ? clean(value, max) : '';
}

/** A number from 0 to `Number.MAX_SAFE_INTEGER`. */
export function number(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined;
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}
