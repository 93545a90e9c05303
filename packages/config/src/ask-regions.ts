import { type Deadline, withDeadline } from './deadline.ts';
import { asSourceError, type Failure, SourceError } from './failure.ts';
import type { Loaded, Scope, Source, Stage } from './source.ts';

export interface Question extends Deadline {
  readonly source: Source;
  readonly regions: readonly string[];
  readonly stage: Stage;
  readonly scope: Scope;
  /** After these failures the next region is asked. */
  readonly fallbackOn: ReadonlySet<Failure>;
  onFallback?(from: string, to: string, failure: Failure): void;
}

export interface Answer {
  readonly loaded: Loaded;
  readonly region: string;
}

export interface Attempt {
  readonly region: string;
  readonly failure: Failure;
}

/** No region had an answer. `error` is the error of the first region, because the others only stand in for it. */
export interface NoAnswer {
  readonly error: SourceError;
  readonly attempts: readonly Attempt[];
}

/** Asks the regions one after the other. Stops at the first answer, or at a failure that is not in `fallbackOn`. */
export async function askInTurn(question: Question): Promise<Answer | NoAnswer> {
  const attempts: Attempt[] = [];
  let first: SourceError | undefined;
  for (const [index, region] of question.regions.entries()) {
    const answer = await ask(question, region);
    if (!(answer instanceof SourceError)) return answer;
    first ??= answer;
    attempts.push({ region, failure: answer.failure });
    const next = question.regions[index + 1];
    if (question.signal.aborted || !question.fallbackOn.has(answer.failure)) break;
    if (next !== undefined) question.onFallback?.(region, next, answer.failure);
  }
  return { error: first ?? new SourceError('unknown'), attempts };
}

/**
 * Asks every region at once. Returns the newest answer, or the first in the order of the regions if the answers have no
 * order. Stops if the first region fails in a way that is not in `fallbackOn`.
 */
export async function askAll(question: Question): Promise<Answer | NoAnswer> {
  const all = await Promise.all(question.regions.map((region) => ask(question, region)));
  const attempts: Attempt[] = [];
  let best: Answer | undefined;
  let first: SourceError | undefined;
  for (const [index, answer] of all.entries()) {
    if (answer instanceof SourceError) {
      first ??= answer;
      attempts.push({ region: question.regions[index] as string, failure: answer.failure });
    } else if (best === undefined || isNewer(answer, best)) best = answer;
  }
  const [own] = all;
  const final = own instanceof SourceError && !question.fallbackOn.has(own.failure);
  return best === undefined || final ? { error: first ?? new SourceError('unknown'), attempts } : best;
}

function isNewer({ loaded: left }: Answer, { loaded: right }: Answer): boolean {
  return left.createdAt !== undefined && right.createdAt !== undefined && left.createdAt > right.createdAt;
}

async function ask(question: Question, region: string): Promise<Answer | SourceError> {
  const { source, stage, scope } = question;
  try {
    const loaded = await withDeadline(question, (signal) => source.load({ region, signal, stage, scope }));
    return { loaded: checked(loaded), region };
  } catch (error) {
    return asSourceError(error);
  }
}

/** A custom source may return anything. Check version and date, because they decide which value is used. */
function checked({ value, version, createdAt, endpoint }: Loaded): Loaded {
  return {
    value,
    ...(typeof version === 'string' && { version }),
    ...(Number.isFinite(createdAt) && { createdAt: createdAt as number }),
    ...(typeof endpoint === 'string' && { endpoint }),
  };
}
