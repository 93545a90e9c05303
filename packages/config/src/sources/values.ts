import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { Source } from '../source.ts';

export interface ValuesOptions<T> {
  /** Checks and transforms the values. @default no change */
  readonly schema?: StandardSchema<unknown, T>;
}

/**
 * A source for values in the program: defaults, tests, development. They are never refreshed.
 *
 * @example
 * ```ts
 * const config = await loadConfig({ sources: { local: values({ port: 3_000 }) } });
 * config.get('local').port;
 * ```
 */
export function values<const T>(given: T): Source<T, false>;
export function values<T>(given: unknown, options: ValuesOptions<T>): Source<T, false>;
export function values(given: unknown, options: ValuesOptions<unknown> = {}): Source<unknown, false> {
  const { schema } = check.object('values: options', options, ['schema']);
  return {
    kind: 'values',
    schema,
    optional: false,
    everyMs: Number.POSITIVE_INFINITY,
    regions: [],
    load: () => ({ value: given }),
  };
}
