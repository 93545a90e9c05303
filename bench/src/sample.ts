import { createHistogram } from 'node:perf_hooks';

/** What one run of one contender measured, by metric: `opsPerSecond`, `p50Ms`, `p99Ms`, `rssMiB`… */
export type Sample = Readonly<Record<string, number>>;

/** Each result is stored here, so that no compiler can leave out work whose result is not used. */
const kept: unknown[] = [undefined];

/**
 * Calls `op` over and over for about `durationMs`, in batches so that the clock does not count. `opsPerSecond` is by the
 * clock on the wall; `nsPerOp` is the time that a processor worked for it.
 */
export function callsPerSecond(op: () => unknown, durationMs: number, batch = 1_000): Sample {
  const stopwatch = startStopwatch();
  let calls = 0;
  while (stopwatch.elapsedMs() < durationMs) {
    for (let call = 0; call < batch; call += 1) kept[0] = op();
    calls += batch;
  }
  return stopwatch.sample(calls);
}

/** The same for calls that are awaited one by one, without a look at the clock at each. */
export async function awaitedCallsPerSecond(op: () => unknown, durationMs: number, batch = 100): Promise<Sample> {
  const stopwatch = startStopwatch();
  let calls = 0;
  while (stopwatch.elapsedMs() < durationMs) {
    for (let call = 0; call < batch; call += 1) kept[0] = await op();
    calls += batch;
  }
  return stopwatch.sample(calls);
}

/** The same where each call begins in a turn of the event loop of its own, as the handler of each request does. */
export function turnsPerSecond(op: () => unknown, durationMs: number): Promise<Sample> {
  return awaitedCallsPerSecond(async () => {
    await new Promise((turn) => setImmediate(turn));
    return op();
  }, durationMs);
}

function startStopwatch(): { elapsedMs(): number; sample(calls: number): Sample } {
  const begin = performance.now();
  const before = process.cpuUsage();
  const elapsedMs = (): number => performance.now() - begin;
  return {
    elapsedMs,
    sample: (calls) => {
      const { user, system } = process.cpuUsage(before);
      return { opsPerSecond: (calls / elapsedMs()) * 1_000, nsPerOp: ((user + system) * 1_000) / calls };
    },
  };
}

/**
 * Keeps `inFlight` calls of `op` under way for about `durationMs`, each told which of them it is; throughput, latency
 * of every call, and what this process used its processors for.
 */
export async function callsInFlight(
  op: (place: number) => Promise<unknown>,
  durationMs: number,
  inFlight: number,
): Promise<Sample> {
  const latencyNs = createHistogram();
  const cpuBefore = process.cpuUsage();
  const begin = performance.now();
  const end = begin + durationMs;
  const worker = async (place: number): Promise<void> => {
    while (performance.now() < end) {
      const startedAt = performance.now();
      await op(place);
      latencyNs.record(Math.max(1, Math.round((performance.now() - startedAt) * 1e6)));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, place) => worker(place)));
  const elapsedMs = performance.now() - begin;
  const cpu = process.cpuUsage(cpuBefore);
  return {
    cpuMicrosPerOp: (cpu.user + cpu.system) / latencyNs.count,
    opsPerSecond: (latencyNs.count / elapsedMs) * 1_000,
    p50Ms: latencyNs.percentile(50) / 1e6,
    p99Ms: latencyNs.percentile(99) / 1e6,
  };
}
