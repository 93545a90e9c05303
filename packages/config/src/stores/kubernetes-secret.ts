import { readFile } from 'node:fs/promises';
import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { decode } from '../decode.ts';
import { SourceError } from '../failure.ts';
import type { Source } from '../source.ts';
import { currentToken, getJson, objectOf, type Token, textOf } from './get-json.ts';

export interface KubernetesSecretOptions<T, O extends boolean> {
  /** @default the namespace of the pod */
  readonly namespace?: string;
  /** The API server. @default that of the cluster of this pod */
  readonly server?: string;
  /** A token, or what returns one that is valid now. @default that of the pod's service account, read each time */
  readonly token?: Token;
  /** A file with the certificates of the authorities to trust. @default that of the cluster of this pod */
  readonly caFile?: string;
  /** Checks and transforms the values. @default no change */
  readonly schema?: StandardSchema<unknown, T>;
  /** Whether the app can start without it. @default false */
  readonly optional?: O;
  /** Time between two refreshes, in milliseconds. @default refresh.everyMs */
  readonly everyMs?: number;
}

/** Where Kubernetes puts what a pod needs to ask its API server. */
const POD = '/var/run/secrets/kubernetes.io/serviceaccount';
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const MAX_BYTES = 1_048_576;

/**
 * A source for a secret of Kubernetes, read from its API. The value has each key of the secret as a text. The service
 * account of the pod needs the verb `get` on it. A secret that is mounted as a file is read by `file()`, which needs no
 * rights.
 *
 * @example
 * ```ts
 * const db = kubernetesSecret('db', { schema: z.object({ username: z.string(), password: z.string() }) });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function kubernetesSecret<T = Readonly<Record<string, string>>, O extends boolean = false>(
  name: string,
  options: KubernetesSecretOptions<T, O> = {},
): Source<T, O> {
  const of = 'kubernetesSecret';
  checkName(`${of}: name`, name);
  check.object(`${of}: options`, options, ['namespace', 'server', 'token', 'caFile', 'schema', 'optional', 'everyMs']);
  const { server, schema, optional, everyMs } = options;
  if (options.namespace !== undefined) checkName(`${of}: namespace`, options.namespace);
  if (server !== undefined) check.string(`${of}: server`, server);
  const caFile = options.caFile ?? (server === undefined ? `${POD}/ca.crt` : undefined);
  const { token = () => ofPod('token') } = options;
  return {
    kind: 'kubernetes',
    schema,
    optional,
    everyMs,
    regions: [],
    load: async ({ signal }) => {
      const namespace = options.namespace ?? (await ofPod('namespace'));
      const url = new URL(`/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${name}`, server ?? ofCluster());
      const headers = { authorization: `Bearer ${await currentToken(token)}` };
      const { data = {}, metadata } = await getJson({ url, headers, signal, caFile });
      const values = Object.entries(objectOf(data)).map(([key, value]) => {
        const bytes = Buffer.from(textOf(value), 'base64');
        return [key, bytes.length === 0 ? '' : decode(bytes, 'text', MAX_BYTES)];
      });
      const { resourceVersion } = objectOf(metadata);
      return { value: Object.fromEntries(values), version: textOf(resourceVersion) };
    },
  };
}

async function ofPod(file: 'token' | 'namespace'): Promise<string> {
  try {
    return (await readFile(`${POD}/${file}`, 'utf8')).trim();
  } catch {
    throw new SourceError('credentials');
  }
}

function ofCluster(): string {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  if (host === undefined) throw new SourceError('not-found');
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function checkName(option: string, name: string): void {
  if (!NAME.test(check.string(option, name))) throw new RangeError(`${option} must be a name of Kubernetes`);
}
