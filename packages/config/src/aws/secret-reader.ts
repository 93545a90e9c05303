import {
  BatchGetSecretValueCommand,
  type BatchGetSecretValueResponse,
  GetSecretValueCommand,
  type GetSecretValueRequest,
} from '@aws-sdk/client-secrets-manager';
import { type Failure, SourceError } from '../failure.ts';
import { classify, failureOfCode } from './classify.ts';
import type { AwsClients } from './clients.ts';
import { guard } from './guard.ts';

/** One version of a secret, as Secrets Manager returns it. */
interface SecretAnswer {
  readonly ARN?: string | undefined;
  readonly Name?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
  readonly CreatedDate?: Date | undefined;
  /** The endpoint that answered, if not AWS. */
  readonly endpoint: string | undefined;
}

/**
 * Reads secrets of one region. Secrets that are requested at the same time are read in one call.
 *
 * The call for several secrets only shows which of them have changed: its `CreatedDate` is documented as the date of
 * the secret, and only the date of a version tells a newer version from an older one. Therefore a secret is read alone
 * the first time, and again when its version is new to this process.
 */
export interface SecretReader {
  /** Reads this secret alone. @throws {SourceError} */
  get(request: GetSecretValueRequest, signal: AbortSignal): Promise<SecretAnswer>;
  /**
   * Reads the current version of a secret, in one call with others that are requested in the same turn if possible.
   * @throws {SourceError} the error of this secret
   */
  getTogether(id: string, signal: AbortSignal): Promise<SecretAnswer>;
}

/**
 * The largest number of ids in one call:
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
 */
const MAX_IDS = 20;

/** Failures that each secret would meet alone, too. */
const PASSING: ReadonlySet<Failure> = new Set([
  'timeout',
  'network',
  'unavailable',
  'throttled',
  'credentials',
  'refused',
]);

interface Waiting {
  readonly id: string;
  readonly signal: AbortSignal;
  resolve(answer: SecretAnswer): void;
  reject(error: SourceError): void;
}

export function createSecretReader(clients: AwsClients, region: string): SecretReader {
  let waiting: Waiting[] = [];
  /** False once AWS has denied the batch call: the role may read each secret, but not several in one call. */
  let mayBatch = true;
  /** The version of each secret that was last read alone, and its date. */
  const dated = new Map<string, Pick<SecretAnswer, 'VersionId' | 'CreatedDate'>>();

  const get: SecretReader['get'] = async (request, signal) => {
    const command = new GetSecretValueCommand(request);
    const guarded = guard(command);
    try {
      const answer = await clients.secretsManager(region).send(command, { abortSignal: signal });
      return { ...answer, endpoint: guarded.endpoint };
    } catch (error) {
      throw classify(error);
    }
  };

  const alone = ({ id, signal, resolve, reject }: Waiting): void => {
    get({ SecretId: id }, signal).then((answer) => {
      dated.set(id, { VersionId: answer.VersionId, CreatedDate: answer.CreatedDate });
      resolve(answer);
    }, reject);
  };

  const together = async (batch: readonly Waiting[]): Promise<void> => {
    const { signal, release } = allAborted(batch.map((one) => one.signal));
    const left = new Set(batch);
    try {
      let token: string | undefined;
      do {
        const command = new BatchGetSecretValueCommand({
          SecretIdList: [...new Set(batch.map((one) => one.id))],
          ...(token !== undefined && { NextToken: token }),
        });
        const guarded = guard(command);
        const answer = await clients.secretsManager(region).send(command, { abortSignal: signal });
        for (const one of left) if (settle(one, dated.get(one.id), answer, guarded.endpoint)) left.delete(one);
        token = answer.NextToken === token ? undefined : answer.NextToken;
      } while (token !== undefined && left.size > 0);
      for (const one of left) alone(one);
    } catch (error) {
      const failure = classify(error);
      if (failure.failure === 'denied') mayBatch = false;
      // An error about the call, or about one id in it, says nothing about the other ids.
      for (const one of left) PASSING.has(failure.failure) ? one.reject(failure) : alone(one);
    } finally {
      release();
    }
  };

  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    const known = batch.filter(({ id }) => mayBatch && dated.has(id));
    const shared = known.length > 1 ? known : [];
    for (const one of batch) if (!shared.includes(one)) alone(one);
    for (let at = 0; at < shared.length; at += MAX_IDS) void together(shared.slice(at, at + MAX_IDS));
  };

  return {
    get,
    getTogether: (id, signal) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ id, signal, resolve, reject });
      }),
  };
}

/** Whether the answer of a batch call is enough. False for a version that must be read alone. */
function settle(
  one: Waiting,
  known: Pick<SecretAnswer, 'VersionId' | 'CreatedDate'> | undefined,
  answer: BatchGetSecretValueResponse,
  endpoint: string | undefined,
): boolean {
  const { id } = one;
  const value = answer.SecretValues?.find(({ Name, ARN }) => Name === id || ARN === id || ARN?.slice(0, -7) === id);
  if (value !== undefined) {
    if (value.VersionId !== known?.VersionId) return false;
    one.resolve({ ...value, CreatedDate: known?.CreatedDate, endpoint });
    return true;
  }
  const error = answer.Errors?.find(({ SecretId }) => SecretId === id);
  if (error === undefined) return false;
  one.reject(new SourceError(failureOfCode(error.ErrorCode ?? '', error.Message ?? '') ?? 'unknown'));
  return true;
}

/** Returns a signal that is aborted when all of the given ones are. A call goes on while one caller still waits. */
function allAborted(signals: readonly AbortSignal[]): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const listener = (): void => {
    if (signals.every((signal) => signal.aborted)) controller.abort();
  };
  for (const signal of signals) signal.addEventListener('abort', listener);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of signals) signal.removeEventListener('abort', listener);
    },
  };
}
