import type { HttpAnswer } from '../../http.ts';
import type { Sample } from '../measure/sample.ts';

/** A connection that was not made: nothing was sent on it. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** The outcomes with which regionkit proves that a write was not done. */
const NOT_DONE: ReadonlySet<unknown> = new Set(['not-sent', 'rolled-back', 'rejected']);

/** An answer, or the code of the error that came in its place. */
export type Answered = Pick<HttpAnswer, 'status' | 'body'> | string;

/** What an answer says of a write. Only what proves that nothing was done is `refused`. Pure. */
export function writeOutcome(answered: Answered): Sample['outcome'] {
  if (typeof answered === 'string') return NOT_CONNECTED.has(answered) ? 'refused' : 'unknown';
  const { status, body } = answered;
  if (status >= 200 && status < 300) return 'ok';
  if (status >= 400 && status < 500) return 'refused';
  return NOT_DONE.has(outcomeIn(body)) ? 'refused' : 'unknown';
}

/** What an answer says of a read that looks for the row `id`. Without one any good answer is enough. Pure. */
export function readOutcome(answered: Answered, id: string | undefined): Sample['outcome'] {
  if (typeof answered === 'string' || answered.status !== 200) return 'failed';
  return id === undefined || answered.body.includes(id) ? 'ok' : 'missed';
}

function outcomeIn(body: string): unknown {
  try {
    return (JSON.parse(body) as { readonly outcome?: unknown } | null)?.outcome;
  } catch {
    return undefined;
  }
}
