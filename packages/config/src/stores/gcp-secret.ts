import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { type Decoded, decode, type Format, formatOf } from '../decode.ts';
import type { Source } from '../source.ts';
import { checkToken, currentToken, getJson, objectOf, type Token, textOf } from './get-json.ts';

export interface GcpSecretOptions<T, F extends Format, O extends boolean> {
  /** An access token, or what returns one: `() => auth.getAccessToken()` of `google-auth-library`. */
  readonly token: Token;
  /** @default 'https://secretmanager.googleapis.com' */
  readonly endpoint?: string;
  /** Checks and transforms the value. @default no change */
  readonly schema?: StandardSchema<unknown, T>;
  /** `json` is parsed, `text` is decoded as UTF-8, `bytes` stay as they are. @default schema ? 'json' : 'text' */
  readonly format?: F;
  /** Whether the app can start without it. @default false */
  readonly optional?: O;
  /** Time between two refreshes, in milliseconds. @default refresh.everyMs */
  readonly everyMs?: number;
}

const NAME = /^projects\/[a-z0-9][\w.:-]*\/(?:locations\/[a-z0-9-]+\/)?secrets\/[\w-]+(?:\/versions\/[\w-]+)?$/;
/** The largest secret that the service accepts: https://cloud.google.com/secret-manager/quotas */
const MAX_BYTES = 65_536;

/**
 * A source for a secret of Google Cloud's Secret Manager: `projects/app/secrets/db`, or one version of it
 * (https://cloud.google.com/secret-manager/docs/reference/rest). The service replicates it by itself, so regions are not
 * asked in turn. Needs the role `roles/secretmanager.secretAccessor`.
 *
 * @example
 * ```ts
 * const db = gcpSecret('projects/app/secrets/db', { token: () => auth.getAccessToken() });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function gcpSecret<T, O extends boolean = false>(
  name: string,
  options: GcpSecretOptions<T, Format, O> & { readonly schema: StandardSchema<unknown, T> },
): Source<T, O>;
export function gcpSecret<F extends Format = 'text', O extends boolean = false>(
  name: string,
  options: Omit<GcpSecretOptions<never, F, O>, 'schema'>,
): Source<Decoded<F>, O>;
export function gcpSecret(name: string, options: GcpSecretOptions<unknown, Format, boolean>): Source {
  if (!NAME.test(check.string('gcpSecret: name', name)))
    throw new RangeError('gcpSecret: name must be projects/…/secrets/…, or a version of it');
  check.object('gcpSecret: options', options, ['token', 'endpoint', 'schema', 'format', 'optional', 'everyMs']);
  const { schema, optional, everyMs } = options;
  const token = checkToken('gcpSecret: token', options.token);
  const endpoint = check.string('gcpSecret: endpoint', options.endpoint ?? 'https://secretmanager.googleapis.com');
  const format = formatOf('gcpSecret', options);
  const version = name.includes('/versions/') ? name : `${name}/versions/latest`;
  return {
    kind: 'gcp-secret',
    schema,
    optional,
    everyMs,
    regions: [],
    load: async ({ signal }) => {
      const url = new URL(`/v1/${version}:access`, endpoint);
      const headers = { authorization: `Bearer ${await currentToken(token)}` };
      const { payload, name: answered } = await getJson({ url, headers, signal });
      const { data } = objectOf(payload);
      return {
        value: decode(Buffer.from(textOf(data), 'base64'), format, MAX_BYTES),
        version: textOf(answered).split('/').at(-1) as string,
        ...(options.endpoint !== undefined && { endpoint: url.origin }),
      };
    },
  };
}
