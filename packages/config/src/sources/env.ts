import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { Source } from '../source.ts';

export interface EnvOptions<T> {
  /**
   * Checks and transforms the variables. Most vendors drop variables that the schema does not name. @default all
   * variables, as strings
   */
  readonly schema?: StandardSchema<unknown, T>;
  /** Use only variables with this prefix, and remove the prefix from their names. @default '' */
  readonly prefix?: string;
  /** Whether an empty variable counts as not set. @default true */
  readonly emptyIsUnset?: boolean;
  /** @default process.env at the time of loading */
  readonly from?: Readonly<Record<string, string | undefined>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * A source for environment variables. They are read once, because the environment of a process does not change from
 * outside.
 *
 * @example
 * ```ts
 * const Env = z.object({ PORT: z.coerce.number().default(3_000) });
 * const config = await loadConfig({ sources: { env: env({ schema: Env }) } });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function env(options?: Omit<EnvOptions<never>, 'schema'>): Source<Variables, false>;
export function env<T>(options: EnvOptions<T> & { readonly schema: StandardSchema<unknown, T> }): Source<T, false>;
export function env(options: EnvOptions<unknown> = {}): Source<unknown, false> {
  check.object('env: options', options, ['schema', 'prefix', 'emptyIsUnset', 'from']);
  const { schema, prefix = '', emptyIsUnset = true, from } = options;
  if (prefix !== '') check.string('env: prefix', prefix);
  check.boolean('env: emptyIsUnset', emptyIsUnset);
  if (from !== undefined) check.object('env: from', from);
  return {
    kind: 'env',
    schema,
    optional: false,
    everyMs: Number.POSITIVE_INFINITY,
    regions: [],
    load: () => {
      const chosen = Object.entries(from ?? process.env).filter(
        ([name, value]) => name.startsWith(prefix) && value !== undefined && !(emptyIsUnset && value === ''),
      );
      return { value: Object.fromEntries(chosen.map(([name, value]) => [name.slice(prefix.length), value])) };
    },
  };
}
