import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { SourceError } from '../failure.ts';
import type { Source } from '../source.ts';
import { checkToken, currentToken, getJson, objectOf, type Token } from './get-json.ts';

export interface VaultSecretOptions<T, O extends boolean> {
  /** The address of Vault, or of the cluster in a region: `(region) => 'https://vault.eu-west-1.example.com'`. */
  readonly address: string | ((region: string) => string);
  /** A token of Vault, or a function that returns a token that is valid now, for example from the file of the Vault Agent. */
  readonly token: Token;
  /** Where the engine is mounted. @default 'secret' */
  readonly mount?: string;
  /** A namespace of Vault Enterprise. @default none */
  readonly namespace?: string;
  /** A file with the certificates of the authorities to trust. @default those of Node */
  readonly caFile?: string;
  /** Checks and transforms the value. @default no change */
  readonly schema?: StandardSchema<unknown, T>;
  /** Whether the app can start without it. @default false */
  readonly optional?: O;
  /** Time between two refreshes, in milliseconds. @default refresh.everyMs */
  readonly everyMs?: number;
}

const NAMES = ['address', 'token', 'mount', 'namespace', 'caFile', 'schema', 'optional', 'everyMs'] as const;

/**
 * A source for a secret of HashiCorp Vault or OpenBao, in a KV engine of version 2
 * (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). With an address for each region, the regions are
 * asked in turn; the time of creation orders their versions.
 *
 * @example
 * ```ts
 * const db = vaultSecret('app/db', { address: 'https://vault.example.com', token: () => readToken() });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function vaultSecret<T = unknown, O extends boolean = false>(
  path: string,
  options: VaultSecretOptions<T, O>,
): Source<T, O> {
  checkPath('vaultSecret: path', path);
  check.object('vaultSecret: options', options, [...NAMES]);
  const { address, schema, optional, everyMs, namespace, caFile } = options;
  if (typeof address !== 'function') check.string('vaultSecret: address', address);
  const token = checkToken('vaultSecret: token', options.token);
  const mount = checkPath('vaultSecret: mount', options.mount ?? 'secret');
  if (namespace !== undefined) check.string('vaultSecret: namespace', namespace);
  return {
    kind: 'vault',
    schema,
    optional,
    everyMs,
    ...(typeof address === 'string' && { regions: [] }),
    load: async ({ region, signal }) => {
      const url = new URL(typeof address === 'function' ? address(region) : address);
      url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/${escaped(mount)}/data/${escaped(path)}`;
      const headers = {
        'x-vault-token': await currentToken(token),
        'x-vault-request': 'true',
        ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
      };
      const answer = await getJson({ url, headers, signal, caFile });
      const { data: value, metadata } = objectOf(answer['data']);
      const { version, created_time: created } = objectOf(metadata);
      // A version that was deleted has no data.
      if (value === null || value === undefined) throw new SourceError('not-found');
      return {
        value,
        version: String(version),
        createdAt: Date.parse(String(created)),
        endpoint: url.origin,
      };
    },
  };
}

/** A part `..` would lead to another secret, and leaving it out as well. @throws {RangeError} There is such a part. */
function checkPath(option: string, path: string): string {
  const parts = partsOf(check.string(option, path));
  if (parts.length === 0 || parts.some((part) => part === '.' || part === '..'))
    throw new RangeError(`${option} must be a path without . and ..`);
  return path;
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}

function escaped(path: string): string {
  return partsOf(path).map(encodeURIComponent).join('/');
}
