import { check, dropRejection } from '@regionkit/core/kit';
import type { Check } from './check.ts';

/** The part of `@regionkit/config` that this check uses. */
export interface ConfigLike {
  status(): {
    readonly verdict: 'pass' | 'warn' | 'fail';
    readonly keys: Readonly<Record<string, { readonly state: string }>>;
  };
}

/**
 * Checks that the configuration is fresh. It uses the verdict of `@regionkit/config`, and names the keys that are not
 * fresh.
 */
export function configCheck(config: () => ConfigLike): Check {
  check.function('checks.config: config', config);
  return () => {
    const { verdict, keys } = dropRejection(config()).status();
    const late = Object.keys(keys).filter((key) => keys[key]?.state !== 'fresh');
    return { status: verdict, ...(late.length > 0 && { message: late.join(', ') }) };
  };
}
