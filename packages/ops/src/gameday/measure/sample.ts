/** One request of the driver, as its client saw it. Times on `performance.now()`. */
export interface Sample {
  /** Where the client stands. */
  readonly place: string;
  readonly kind: 'read' | 'write';
  /** The driver is an open loop: a request is due at a time, whether earlier ones were answered or not. */
  readonly dueAtMs: number;
  readonly endedAtMs: number;
  /**
   * Of a write: `ok` was acknowledged, `refused` was certainly not done, `unknown` may have been done. Of a read: `ok`
   * has shown the row, `missed` was answered without it, `failed` was not answered well. Of both: `unsent` was due, and
   * the driver did not send it, because so many requests of the place had no answer yet. The app has not refused it.
   */
  readonly outcome: 'ok' | 'refused' | 'unknown' | 'missed' | 'failed' | 'unsent';
  /** The row that was written or looked for. */
  readonly id?: string;
}

/** What became of the requests. */
export interface Tally {
  readonly reads: number;
  readonly writes: number;
  readonly failedReads: number;
  readonly refusedWrites: number;
  readonly unknownWrites: number;
  /** Requests that were due and not sent, because too many had no answer yet. They are no reads and no writes. */
  readonly unsent: number;
}

/** Pure. */
export const tallyOf = (samples: readonly Sample[]): Tally => ({
  reads: countOf(samples, 'read'),
  writes: countOf(samples, 'write'),
  failedReads: countOf(samples, 'read', 'failed'),
  refusedWrites: countOf(samples, 'write', 'refused'),
  unknownWrites: countOf(samples, 'write', 'unknown'),
  unsent: samples.filter(({ outcome }) => outcome === 'unsent').length,
});

/** How many requests were sent of a kind, or how many of a kind had this outcome. Pure. */
export const countOf = (samples: readonly Sample[], kind: Sample['kind'], outcome?: Sample['outcome']): number =>
  samples.filter(
    (sample) =>
      sample.kind === kind && (outcome === undefined ? sample.outcome !== 'unsent' : sample.outcome === outcome),
  ).length;
