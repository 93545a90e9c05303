import type { RespondDecision } from '../http/decision.ts';

/** Whether a decision can never change. */
export function isFrozen(decision: RespondDecision): boolean {
  const { headers } = decision;
  return Object.isFrozen(decision) && Object.isFrozen(headers) && headers.every(Object.isFrozen);
}

/** What `make` makes of a decision. It is kept in `made`, and made only once, if the decision can never change. */
export function madeOnce<T extends object>(
  made: WeakMap<RespondDecision, T>,
  decision: RespondDecision,
  make: (decision: RespondDecision) => T,
): T {
  const known = made.get(decision);
  if (known !== undefined) return known;
  const fresh = make(decision);
  if (isFrozen(decision)) made.set(decision, fresh);
  return fresh;
}

const bytesOfTexts = new WeakMap<RespondDecision, Buffer>();

function copied({ body = '' }: RespondDecision): Buffer {
  return Buffer.from(body as string);
}

/**
 * The body as bytes, for a framework that would give a text another content type. Bytes are copied: those of an app may
 * change before they are sent.
 */
export function bytesOf(decision: RespondDecision): Buffer | undefined {
  if (decision.body === undefined) return undefined;
  return typeof decision.body === 'string' ? madeOnce(bytesOfTexts, decision, copied) : copied(decision);
}
