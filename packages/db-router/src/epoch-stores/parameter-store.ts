import { check } from '@regionkit/core/kit';
import type { EpochStore } from '../history/epoch-store.ts';
import { awsFailureOf, nameOf } from './aws-failure.ts';
import { readTimeout } from './timeout.ts';
import { type Versioned, versionedStore } from './versioned-store.ts';

interface Parameter {
  readonly Value?: string | undefined;
  readonly Version?: number | undefined;
}

/** What is used of the class `SSM` of `@aws-sdk/client-ssm`. */
export interface SsmApi {
  getParameter(
    input: { Name: string },
    options: { abortSignal: AbortSignal },
  ): Promise<{ Parameter?: Parameter | undefined }>;
  putParameter(
    input: { Name: string; Value: string; Type: 'String'; Overwrite: boolean; Tier: 'Intelligent-Tiering' },
    options: { abortSignal: AbortSignal },
  ): Promise<{ Version?: number | undefined }>;
}

export interface ParameterEpochStoreOptions {
  /** `new SSM({ region, … })` of `@aws-sdk/client-ssm`. The app keeps it, and ends it. */
  readonly client: SsmApi;
  /** Such as `/shop/epoch`. */
  readonly name: string;
  /** A call that takes longer has failed, with all attempts of the SDK. In milliseconds. @default 1_500 */
  readonly timeoutMs?: number;
}

/**
 * A parameter of AWS Systems Manager that all regions share: the parameter of one region.
 *
 * Parameter Store has no conditional write, so one process can overwrite the save of another. The version number shows
 * that. The save then fails with `conflict`, and the next `load()` returns the overwritten value. The router merges it with
 * its own and saves both. Until then, some tens of milliseconds, a process that starts may load the lower one of the two
 * epochs. If the process that saved last ends in between, the overwritten value is only in the history of the parameter,
 * until another process that knows it saves. Use S3 or DynamoDB where
 * this matters. A value has at most 8 KB here. Needs `ssm:GetParameter` and `ssm:PutParameter`.
 *
 * @example
 * ```ts
 * const epoch = parameterEpochStore({ client: new SSM({ region: 'eu-central-1' }), name: '/shop/epoch' });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function parameterEpochStore(options: ParameterEpochStoreOptions): EpochStore {
  check.object('parameterEpochStore: options', options, ['client', 'name', 'timeoutMs']);
  const client = check.methods('parameterEpochStore: client', options.client, ['getParameter', 'putParameter']);
  const Name = check.string('parameterEpochStore: name', options.name);
  /** What a save of this process has overwritten, with the version of that save. */
  let overwritten: Versioned | undefined;

  const read = async (selector: string, abortSignal: AbortSignal): Promise<Versioned | undefined> => {
    try {
      const { Parameter } = await client.getParameter({ Name: selector }, { abortSignal });
      return { value: Parameter?.Value ?? '', version: String(Parameter?.Version ?? 0) };
    } catch (error) {
      if (nameOf(error) === 'ParameterNotFound' || nameOf(error) === 'ParameterVersionNotFound') return undefined;
      throw error;
    }
  };

  return versionedStore('parameterEpochStore', readTimeout('parameterEpochStore', options), {
    read: async (abortSignal) => overwritten ?? (await read(Name, abortSignal)),
    write: async (Value, version, abortSignal) => {
      const input = { Name, Value, Type: 'String', Tier: 'Intelligent-Tiering' } as const;
      const { Version = 0 } = await client.putParameter(
        { ...input, Overwrite: version !== undefined },
        { abortSignal },
      );
      const written = String(Version);
      const isNext = version === undefined || Version === Number(version) + 1;
      // Another process has saved in between. What is not the same is put back.
      const lost = isNext ? undefined : await read(`${Name}:${Version - 1}`, abortSignal);
      overwritten = lost === undefined || lost.value === Value ? undefined : { value: lost.value, version: written };
      return overwritten === undefined ? written : undefined;
    },
    failureOf: awsFailureOf,
  });
}
