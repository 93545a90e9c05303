import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Keeps the process alive while a caller waits. Our own timers do not, and stuck work may hold no socket, so the
 * process would end silently during an `await`. All callers share one timer. It holds the process only while a caller
 * waits, and this is cheaper than one timer for each caller.
 */
export const keepAlive: {
  /** Call it once for each wait, before the wait begins. */
  begin(): void;
  /** Call it once for each wait, after the wait has ended. */
  end(): void;
} = {
  begin: () => {
    waits += 1;
    if (waits > 1) return;
    timer ??= outside(() => setInterval(() => {}, MAX_INTERVAL_MS));
    timer.ref();
  },
  end: () => {
    waits -= 1;
    if (waits === 0) timer?.unref();
  },
};

/** Taken when the module loads: a timer that a test has faked keeps no process alive. */
const { setInterval } = globalThis;
const MAX_INTERVAL_MS = 2_147_483_647;
/**
 * The timer outlives the first caller's request. Created in that context, it would keep the context in memory for ever.
 */
const outside = AsyncLocalStorage.snapshot();
let timer: NodeJS.Timeout | undefined;
let waits = 0;

/** Runs `work` and keeps the process alive until it has settled. */
export async function keptAlive<T>(work: () => Promise<T>): Promise<T> {
  keepAlive.begin();
  try {
    return await work();
  } finally {
    keepAlive.end();
  }
}
