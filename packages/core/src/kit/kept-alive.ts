import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Keeps the process alive while a caller waits. Timers of ours do not, and work that is stuck may hold no socket: the
 * process would end in the middle of an `await`, without a word. One timer serves everyone who waits: it is a handle of
 * the process only as long as somebody does, and costs less to take up and put down than one of its own.
 */
export const keepAlive: {
  /** To be called once for each wait, before it begins. */
  begin(): void;
  /** To be called once for each wait, when it has ended. */
  end(): void;
} = {
  begin: () => {
    waits += 1;
    if (waits > 1) return;
    anchor ??= outside(() => setInterval(() => {}, MAX_INTERVAL_MS));
    anchor.ref();
  },
  end: () => {
    waits -= 1;
    if (waits === 0) anchor?.unref();
  },
};

const MAX_INTERVAL_MS = 2_147_483_647;
/** It outlives the request that waits first: in its context it would keep that for ever. */
const outside = AsyncLocalStorage.snapshot();
let anchor: NodeJS.Timeout | undefined;
let waits = 0;

/** Does `work`, and keeps the process alive until it has settled. */
export async function keptAlive<T>(work: () => Promise<T>): Promise<T> {
  keepAlive.begin();
  try {
    return await work();
  } finally {
    keepAlive.end();
  }
}
