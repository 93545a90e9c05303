import { channel } from 'node:diagnostics_channel';

/** A part of a decider failed. Published on `regionkit:core:failure`. */
export interface DeciderFailure {
  readonly part: 'decide' | 'onHead' | 'onDone' | 'scope' | 'respond' | 'proxy' | 'next';
  readonly error: unknown;
}

/** A bug that fails every request gives one warning. The channel reports each failure. */
const warned = new Set<DeciderFailure['part']>();

/** Reports a failure without failing the request. No door rejects, but a bug must be visible. */
export function reportFailure(part: DeciderFailure['part'], error: unknown): void {
  const failures = channel('regionkit:core:failure');
  if (failures.hasSubscribers) failures.publish({ part, error } satisfies DeciderFailure);
  if (warned.has(part)) return;
  warned.add(part);
  process.emitWarning(`${WHAT[part]}. Each is told on the diagnostics channel regionkit:core:failure`, {
    code: 'REGIONKIT_DOOR_FAILED',
    detail: error instanceof Error ? (error.stack ?? error.message) : typeof error,
  });
}

const WHAT: Readonly<Record<DeciderFailure['part'], string>> = {
  decide: 'decide() of a decider failed: a session or gate answers 503 then, others let the request continue',
  onHead: 'onHead() of a decision failed and was left out',
  onDone: 'onDone() of a decision failed and was left out',
  scope: 'scope() of a decision failed and was left out',
  respond: 'an answer of a decider could not be sent: the client got 503, or the end of the connection',
  proxy: 'a request could not be handed over: the client got 503, or the end of the connection',
  next: 'a handler after a door threw, and the door had waited: the client got 503, or the end of the connection',
};
