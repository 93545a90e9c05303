import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OpsError } from '../errors.ts';
import { checkConfig, type Operations } from './check-config.ts';
import type { OperationsConfig } from './config.ts';

const NAMES = ['regionkit.config.js', 'regionkit.config.mjs', 'regionkit.config.json'] as const;

/**
 * Loads the configuration from `file`, or from the first of `regionkit.config.js`, `.mjs` and `.json` in `directory`.
 *
 * @throws {OpsError} `ERR_OPS_CONFIG`: there is no such file, it cannot be read, or an option in it is wrong.
 */
export async function loadConfig(
  file: string | undefined,
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Operations> {
  const path =
    file === undefined
      ? NAMES.map((name) => resolve(directory, name)).find((name) => existsSync(name))
      : resolve(directory, file);
  if (path === undefined) {
    throw new OpsError('ERR_OPS_CONFIG', `there is no ${NAMES[0]} here; write one, or name it with --config FILE`);
  }
  if (!existsSync(path)) throw new OpsError('ERR_OPS_CONFIG', `there is no file ${JSON.stringify(file)}`);
  return checkConfig(await read(path), environment);
}

/** A module may wait for what never comes. */
const LOAD_MS = 30_000;

async function importWithin(path: string, ms: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new OpsError('ERR_OPS_CONFIG', `the configuration did not load within ${ms / 1_000} s`);
    timer = setTimeout(() => reject(error), ms);
  });
  try {
    return await Promise.race([import(pathToFileURL(path).href), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function read(path: string): Promise<OperationsConfig> {
  if (path.endsWith('.json')) {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (cause) {
      const { code = 'no code' } = cause as NodeJS.ErrnoException;
      throw new OpsError('ERR_OPS_CONFIG', `the configuration cannot be read (${code})`, { cause });
    }
    try {
      // An editor of Windows may write a byte order mark.
      return JSON.parse(text.replace(/^\uFEFF/, '')) as OperationsConfig;
    } catch {
      throw new OpsError('ERR_OPS_CONFIG', 'the configuration is not JSON');
    }
  }
  let loaded: { readonly default?: OperationsConfig };
  try {
    loaded = (await importWithin(path, LOAD_MS)) as typeof loaded;
  } catch (cause) {
    if (cause instanceof OpsError) throw cause;
    throw new OpsError('ERR_OPS_CONFIG', 'the configuration could not be loaded: it threw an error', { cause });
  }
  if (loaded.default === undefined) {
    throw new OpsError('ERR_OPS_CONFIG', 'the configuration must have a default export: export default { regions: … }');
  }
  return loaded.default;
}
