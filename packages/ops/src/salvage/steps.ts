import type { Emit } from '../records/record.ts';

/** Measures the parts of a salvage, and tells each when it is done. */
export interface Steps {
  /** `decodeMs` and so on, in whole milliseconds. */
  readonly timings: Readonly<Record<string, number>>;
  step<T>(name: string, work: () => Promise<T>, says: (done: T) => string): Promise<T>;
}

export function createSteps(where: string, emit: Emit): Steps {
  const timings: Record<string, number> = {};
  return {
    timings,
    async step(name, work, says) {
      const startedMs = performance.now();
      const done = await work();
      const tookMs = performance.now() - startedMs;
      timings[`${name}Ms`] = Math.round(tookMs);
      emit({ type: 'step', name, where, state: 'done', evidence: says(done), tookMs });
      return done;
    },
  };
}
