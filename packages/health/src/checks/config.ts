import { check, dropRejection } from '@regionkit/core/kit';
import type { Check } from './check.ts';

/** The part of `@regionkit/config` that is used. */
export interface ConfigLike {
  status(): {
    readonly verdict: 'pass' | 'warn' | 'fail';
    readonly keys: Readonly<Record<string, { readonly state: string }>>;
  };
}

/** The configuration is fresh: `@regionkit/config`'s own verdict, with the keys that are not. */
export function configCheck(config: () => ConfigLike): Check {
  check.function('checks.config: config', config);
  return () => {
    const { verdict, keys } = dropRejection(config()).status();
    const late = Object.keys(keys).filter((key) => keys[key]?.state !== 'fresh');
    return { status: verdict, ...(late.length > 0 && { message: late.join(', ') }) };
  };
}
