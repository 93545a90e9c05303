import type { Decider, DeciderKind } from '../http/decision.ts';

/** The one right order: a gate before the session would forward anonymous requests. */
export const ORDER: readonly DeciderKind[] = ['health', 'affinity', 'session', 'gate'];

/** On the object that stands for a request: which kinds have decided about it, a bit for each. */
const DECIDED = Symbol.for('regionkit.decided');
const told = new Set<DeciderKind>();

/** Notices doors that were mounted apart in a wrong order, and says so once for each kind. Changes nothing else. */
export function noteOrder({ kind }: Decider, raw: object): void {
  if (kind === undefined) return;
  const bit = 1 << ORDER.indexOf(kind);
  const decided = (raw as { [DECIDED]?: number })[DECIDED] ?? 0;
  if (decided < bit || (decided & bit) !== 0) {
    // A second door of a kind may stand anywhere: that of one route, behind those of the app.
    Reflect.set(raw, DECIDED, decided | bit);
  } else if (!told.has(kind)) {
    told.add(kind);
    process.emitWarning(
      `a door of kind ${kind} has decided after one of a later kind: mount them in the order ${ORDER.join(', ')}, or as one with compose()`,
      { code: 'REGIONKIT_ORDER' },
    );
  }
}
