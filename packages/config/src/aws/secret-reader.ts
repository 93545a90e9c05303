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

/** What Secrets Manager says of one version of a secret. */
interface SecretAnswer {
  readonly ARN?: string | undefined;
  readonly Name?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
  readonly CreatedDate?: Date | undefined;
  /** Where it came from, if not from AWS. */
  readonly endpoint: string | undefined;
}

/**
 * Reads secrets of one region, several in one call when they are asked for at the same time.
 *
 * The call for several tells which secrets have changed, and no more: its `CreatedDate` is documented as that of the
 * secret, and only the date of a version tells a newer one from an older. So a version that is new here is read again
 * by itself, and a secret is read by itself the first time.
 */
export interface SecretReader {
  /** One call for this secret alone. @throws {SourceError} */
  get(request: GetSecretValueRequest, signal: AbortSignal): Promise<SecretAnswer>;
  /** Its current version, if it can be in one call with those asked for in the same turn. @throws {SourceError} its own */
  getTogether(id: string, signal: AbortSignal): Promise<SecretAnswer>;
}

/** The most ids BatchGetSecretValue takes. */
const MAX_IDS = 20;

/** What would befall each secret on its own as well. */
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
  /** The role may read each secret but has no right to the batch call: asked once, then never again. */
  let mayBatch = true;
  /** Which version of each secret was read by itself, and when that was made. */
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
      // An answer that is about the call, or about one id in it, says nothing of the others.
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

/** Whether the answer for several settles it; false for a version that has to be read by itself. */
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

/** Aborted when every one of the signals is: a call that somebody still waits for goes on. */
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
