import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { type Decoded, decode, type Format, formatOf } from '../decode.ts';
import { SourceError } from '../failure.ts';
import type { Source } from '../source.ts';
import { idIn, isAnswerTo, parseArn } from './arn.ts';
import type { AwsClients } from './clients.ts';
import { type Shared, sharedIn } from './shared.ts';

export interface SecretOptions<T, F extends Format, O extends boolean> {
  /** Checks and transforms the value. @default no change */
  readonly schema?: StandardSchema<unknown, T>;
  /** `json` is parsed, `text` is decoded as UTF-8, `bytes` stay as they are. @default schema ? 'json' : 'text' */
  readonly format?: F;
  /** Whether the app can start without it. @default false */
  readonly optional?: O;
  /** Time between two refreshes, in milliseconds. @default refresh.everyMs */
  readonly everyMs?: number;
  /** The regions that have it, in the order in which they are asked. @default the own region, then fallbackRegions */
  readonly regions?: readonly string[];
  /**
   * The staging label of the version to read
   * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html). @default 'AWSCURRENT'
   */
  readonly stage?: string;
  /**
   * Whether a refresh may read it in one call with others (BatchGetSecretValue, which needs its own permission).
   * @default true
   */
  readonly batch?: boolean;
  /** @default clients made for this config */
  readonly clients?: AwsClients;
}

const STAGES = { pending: 'AWSPENDING', previous: 'AWSPREVIOUS' } as const;
/**
 * The largest secret that Secrets Manager accepts:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
const MAX_BYTES = 65_536;

/**
 * A source for a secret of AWS Secrets Manager, by name or ARN. Each region that is asked must have the secret or a
 * replica of it (https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html). In an ARN the
 * region is replaced; account and partition stay. Needs the permission `secretsmanager:GetSecretValue`, and uses `secretsmanager:BatchGetSecretValue` if it is granted.
 *
 * @example
 * ```ts
 * const config = await loadConfig({
 *   regions,
 *   fallbackRegions: ['us-east-1'],
 *   sources: { db: secret('prod/app/db', { schema: z.object({ username: z.string(), password: z.string() }) }) },
 * });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function secret<T, O extends boolean = false>(
  id: string,
  options: SecretOptions<T, Format, O> & { readonly schema: StandardSchema<unknown, T> },
): Source<T, O>;
export function secret<F extends Format = 'text', O extends boolean = false>(
  id: string,
  options?: Omit<SecretOptions<never, F, O>, 'schema'>,
): Source<Decoded<F>, O>;
export function secret(id: string, options: SecretOptions<unknown, Format, boolean> = {}): Source {
  check.string('secret: id', id);
  check.object('secret: options', options, [
    'schema',
    'format',
    'optional',
    'everyMs',
    'regions',
    'stage',
    'batch',
    'clients',
  ]);
  const { schema, optional, everyMs, regions } = options;
  const label = check.string('secret: stage', options.stage ?? 'AWSCURRENT');
  const batch = check.boolean('secret: batch', options.batch ?? true) && label === 'AWSCURRENT';
  const format = formatOf('secret', options);
  if (id.startsWith('arn:') && parseArn(id) === undefined)
    throw new RangeError('secret: id must be a name or an ARN of Secrets Manager');
  return {
    kind: 'secret',
    schema,
    optional,
    everyMs,
    regions,
    stages: label === 'AWSCURRENT' ? ['pending', 'previous'] : [],
    load: async ({ region, signal, stage, scope }) => {
      const asked = idIn(region, id);
      const shared = sharedIn(scope, options.clients);
      const reader = shared.reader(region);
      const answer =
        stage === 'current' && batch
          ? await reader.getTogether(asked, signal)
          : await reader.get({ SecretId: asked, VersionStage: stage === 'current' ? label : STAGES[stage] }, signal);
      checkAccount(shared, id, asked, region, answer.ARN ?? '');
      return {
        value: decode(answer.SecretString ?? answer.SecretBinary ?? '', format, MAX_BYTES),
        ...(answer.VersionId !== undefined && { version: answer.VersionId }),
        ...(answer.CreatedDate !== undefined && { createdAt: answer.CreatedDate.getTime() }),
        ...(answer.endpoint !== undefined && { endpoint: answer.endpoint }),
      };
    },
  };
}

function checkAccount({ accounts }: Shared, id: string, asked: string, region: string, answered: string): void {
  if (!isAnswerTo(asked, region, answered, accounts.get(id))) throw new SourceError('refused');
  accounts.set(id, parseArn(answered)?.account as string);
}
