import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import type { Source } from '../source.ts';

export interface EnvOptions<T> {
  /** Checks and shapes the variables: what it does not name is dropped by most vendors. @default all, as strings */
  readonly schema?: StandardSchema<unknown, T>;
  /** Only the variables that begin with it, named without it. @default '' */
  readonly prefix?: string;
  /** Whether a variable that is set to nothing counts as not set. @default true */
  readonly emptyIsUnset?: boolean;
  /** @default process.env, read when the config is loaded */
  readonly from?: Readonly<Record<string, string | undefined>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The environment. Read once, since a process's environment does not change from outside.
 *
 * ```ts
 * const Env = z.object({ PORT: z.coerce.number().default(3_000) });
 * const config = await loadConfig({ sources: { env: env({ schema: Env }) } });
 * ```
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
