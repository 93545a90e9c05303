import type { ValueOf } from './config.ts';
import { loadConfig } from './load-config.ts';
import type { ConfigOptions } from './options.ts';
import type { Source } from './source.ts';

/**
 * Loads one value, once: for a script, a migration or a job that ends soon. It is not cached and not refreshed; a
 * server uses `loadConfig`.
 *
 * @example
 * ```ts
 * const password = await getSecret(file('/run/secrets/password'));
 * ```
 *
 * @throws {ConfigError} `ERR_CONFIG_START`: the value is missing or invalid.
 */
export async function getSecret<T, O extends boolean = false>(
  source: Source<T, O>,
  options: Omit<ConfigOptions<{ readonly secret: Source<T, O> }>, 'sources'> = {},
): Promise<ValueOf<Source<T, O>>> {
  const config = await loadConfig({ ...options, sources: { secret: source } });
  await config.close();
  return config.get('secret');
}
