const BEAT_MS = 100;
/** A timer that comes later than this was not late by chance. */
const LEAST_MS = 200;

/** Calls `onStall` with how long this process got no time of the machine, each time it did. What it returns ends that. */
export function watchStalls(onStall: (ms: number) => void): () => void {
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const lateMs = performance.now() - lastMs - BEAT_MS;
    lastMs = performance.now();
    if (lateMs > LEAST_MS) onStall(Math.round(lateMs));
  }, BEAT_MS).unref();
  return () => clearInterval(timer);
}
