import { RegionKitError } from '@regionkit/core';
import type { Failure, InvalidDetail, Path } from './failure.ts';

/**
 * - `ERR_CONFIG_START`: a required value was missing or invalid at start; `problems` lists every one. Fix the source,
 *   its permissions or the schema.
 * - `ERR_CONFIG_EXPIRED`: `get` of a value that could not be refreshed for `refresh.maxStaleMs`, with
 *   `onExpired: 'throw'`.
 */
export type ConfigErrorCode = 'ERR_CONFIG_START' | 'ERR_CONFIG_EXPIRED';

/** One thing that is wrong with one value. It contains neither the value nor a name from inside it. */
export interface Problem {
  /** The key in `sources`. */
  readonly key: string;
  /** The kind of source it has. */
  readonly kind: string;
  readonly failure: Failure;
  readonly detail?: InvalidDetail;
  /** The place in the value, for `detail: 'schema'`. Empty for the value as a whole. */
  readonly path: Path;
  /** The failure of each region, in the order in which they were asked. */
  readonly attempts: readonly { readonly region: string; readonly failure: Failure }[];
}

export class ConfigError extends RegionKitError<ConfigErrorCode> {
  /** With `ERR_CONFIG_START`: all problems, by key and path. */
  readonly problems: readonly Problem[];

  constructor(code: ConfigErrorCode, message: string, problems: readonly Problem[] = []) {
    super(code, message, { status: 503, expose: false });
    this.problems = problems;
  }
}

/** The error at start, with all problems, one on each line. */
export function startError(problems: readonly Problem[]): ConfigError {
  const lines = problems.map(
    ({ key, kind, path, failure, detail, attempts }) =>
      `  ${[key, ...path].join('.')}: ${detail ?? failure} (${[kind, ...attempts.map((one) => one.region)].join(', ')})`,
  );
  return new ConfigError(
    'ERR_CONFIG_START',
    ['loadConfig: these values are missing or invalid:', ...lines].join('\n'),
    problems,
  );
}
