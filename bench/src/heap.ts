/** The heap in use, in KiB, with nothing in it that could be collected. */
export function heapKiB(): number {
  if (globalThis.gc === undefined) throw new Error('heapKiB: run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed / 1_024;
}
