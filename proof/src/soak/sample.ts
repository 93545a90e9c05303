import type { RouterStats } from '@regionkit/db-router';

/** What an app process says of itself at one moment. */
export interface Sample {
  readonly rssBytes: number;
  /** What is left after a garbage collection, as the two below. */
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  readonly arrayBuffersBytes: number;
  /** What keeps the process alive, by type. */
  readonly resources: Readonly<Record<string, number>>;
  /** Sockets, files and the rest; undefined where the system does not say. */
  readonly descriptors: number | undefined;
  /** Of each emitter that lives as long as the process. */
  readonly listeners: Readonly<Record<string, number>>;
  readonly router: RouterStats;
  /** The longest since the last sample, the collection left out. */
  readonly eventLoopDelayMs: number;
  /** Since the start: unhandled rejections and exceptions. */
  readonly unhandled: number;
  /** Since the start: names of the warnings of the process. */
  readonly warnings: readonly string[];
}
