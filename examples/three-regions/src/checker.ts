/** One request of a client, as the client saw it. Times on `performance.now()`. */
export interface Operation {
  readonly client: string;
  readonly kind: 'write' | 'read';
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** `ok` was acknowledged; `not-done` was refused with proof that nothing happened; `unknown` may have happened. */
  readonly outcome: 'ok' | 'not-done' | 'unknown';
  readonly status: number;
  /** The order written. */
  readonly ref?: string;
  /** Where it was read. */
  readonly servedIn?: string;
  /** The orders read: all of this client's. */
  readonly seen?: readonly string[];
  /** The answer announced that an earlier write of this client may be lost. */
  readonly lossAnnounced?: boolean;
}

/** What the history proves or refutes. Counted from what clients saw and what the surviving primary holds at the end. */
export interface Findings {
  readonly requests: number;
  readonly ok: number;
  readonly failed: number;
  readonly writesAcknowledged: number;
  /** Acknowledged and not in the surviving primary. */
  readonly lost: readonly string[];
  /** Lost, and no answer to its client said that this may be so. */
  readonly lostUnannounced: readonly string[];
  /** Present more than once although sent once. */
  readonly duplicated: readonly string[];
  /** Present although the answer proved that nothing had happened. */
  readonly doneAgainstWord: readonly string[];
  /** Reads that missed a write their own client had been acknowledged, leaving out the lost. */
  readonly staleReads: number;
}

/** @param survived every order in the surviving primary once all is over, each as often as it is there */
export function checkHistory(history: readonly Operation[], survived: readonly string[]): Findings {
  const copies = new Map<string, number>();
  for (const ref of survived) copies.set(ref, (copies.get(ref) ?? 0) + 1);

  const writes = history.filter((operation) => operation.kind === 'write' && operation.ref !== undefined);
  const acknowledged = writes.filter(({ outcome }) => outcome === 'ok');
  const lost = acknowledged.filter(({ ref = '' }) => !copies.has(ref));
  const announced = new Set(history.filter(({ lossAnnounced }) => lossAnnounced).map(({ client }) => client));
  const lostRefs = new Set(lost.map(({ ref }) => ref));

  let staleReads = 0;
  for (const client of new Set(history.map((operation) => operation.client))) {
    const mine = history.filter((operation) => operation.client === client);
    const mustSee: { readonly ref: string; readonly endedAtMs: number }[] = [];
    for (const operation of mine.toSorted((a, b) => a.endedAtMs - b.endedAtMs)) {
      if (operation.outcome !== 'ok') continue;
      if (operation.kind === 'write' && operation.ref !== undefined && !lostRefs.has(operation.ref)) {
        mustSee.push({ ref: operation.ref, endedAtMs: operation.endedAtMs });
      } else if (operation.seen !== undefined) {
        const seen = new Set(operation.seen);
        if (mustSee.some(({ ref, endedAtMs }) => endedAtMs <= operation.startedAtMs && !seen.has(ref))) staleReads += 1;
      }
    }
  }

  // What was refused may be sent again, and is then there for another reason.
  const refused = new Set(writes.filter(({ outcome }) => outcome === 'not-done').map(({ ref = '' }) => ref));
  const sentAgain = new Set(writes.filter(({ outcome }) => outcome !== 'not-done').map(({ ref }) => ref));
  const ok = history.filter(({ outcome }) => outcome === 'ok').length;
  return {
    requests: history.length,
    ok,
    failed: history.length - ok,
    writesAcknowledged: acknowledged.length,
    lost: lost.map(({ ref = '' }) => ref),
    lostUnannounced: lost.filter(({ client }) => !announced.has(client)).map(({ ref = '' }) => ref),
    duplicated: [...copies].filter(([, count]) => count > 1).map(([ref]) => ref),
    doneAgainstWord: [...refused].filter((ref) => copies.has(ref) && !sentAgain.has(ref)),
    staleReads,
  };
}
