import type { Decider, DeciderKind } from '../http/decision.ts';

/** The required order: a gate before the session would forward anonymous requests. */
export const ORDER: readonly DeciderKind[] = ['health', 'affinity', 'session', 'gate'];

/** A bit set on the object that identifies a request: one bit for each kind that has decided about it. */
const DECIDED = Symbol.for('regionkit.decided');
const reported = new Set<DeciderKind>();

/**
 * Detects doors that were mounted separately in a wrong order, and warns once for each kind. Changes nothing.
 *
 * @param isAnswered no other door will see the request, so there is nothing to note for it
 */
export function noteOrder({ kind }: Decider, raw: object, isAnswered: boolean): void {
  if (kind === undefined) return;
  const bit = 1 << ORDER.indexOf(kind);
  const decided = (raw as { [DECIDED]?: number })[DECIDED] ?? 0;
  if (decided < bit || (decided & bit) !== 0) {
    // A second door of a kind may stand anywhere: for example one for a route, after the one for the whole app.
    if (!isAnswered && Object.isExtensible(raw)) (raw as { [DECIDED]?: number })[DECIDED] = decided | bit;
  } else if (!reported.has(kind)) {
    reported.add(kind);
    process.emitWarning(
      `a door of kind ${kind} has decided after one of a later kind: mount them in the order ${ORDER.join(', ')}, or as one with compose()`,
      { code: 'REGIONKIT_ORDER' },
    );
  }
}
