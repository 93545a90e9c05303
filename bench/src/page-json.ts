import type { Page } from './report.ts';

/** A page of results as JSON. JSON has no NaN and no Infinity, which ratios to zero are: they become their names. */
export function toJson(page: Page): string {
  const named = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  return `${JSON.stringify(page, named, 1)}\n`;
}

/** The page that {@link toJson} has written. */
export function fromJson(text: string): Page {
  return JSON.parse(text, (_key, value: unknown) =>
    value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value,
  ) as Page;
}
