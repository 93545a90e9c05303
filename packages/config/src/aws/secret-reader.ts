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

/** Reads secrets of one region, several in one call when they are asked for at the same time. */
export interface SecretReader {
  /** One call for this secret alone. @throws {SourceError} */
  get(request: GetSecretValueRequest, signal: AbortSignal): Promise<SecretAnswer>;
  /** In one call with the others that are asked for in this turn of the event loop. @throws {SourceError} of its own */
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
    get({ SecretId: id }, signal).then(resolve, reject);
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
        for (const one of left) if (settle(one, answer, guarded.endpoint)) left.delete(one);
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
    if (!mayBatch || batch.length === 1) for (const one of batch) alone(one);
    else for (let at = 0; at < batch.length; at += MAX_IDS) void together(batch.slice(at, at + MAX_IDS));
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

function settle(one: Waiting, answer: BatchGetSecretValueResponse, endpoint: string | undefined): boolean {
  const { id } = one;
  const value = answer.SecretValues?.find(({ Name, ARN }) => Name === id || ARN === id || ARN?.slice(0, -7) === id);
  const error = answer.Errors?.find(({ SecretId }) => SecretId === id);
  if (value !== undefined) one.resolve({ ...value, endpoint });
  else if (error !== undefined) {
    one.reject(new SourceError(failureOfCode(error.ErrorCode ?? '', error.Message ?? '') ?? 'unknown'));
  }
  return value !== undefined || error !== undefined;
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
