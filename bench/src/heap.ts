/** The heap in use, in KiB, with nothing in it that could be collected. */
export async function heapKiB(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('heapKiB: run with --expose-gc');
  // What was just let go is held by callbacks that are still to come.
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((done) => setTimeout(done, 10));
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed / 1_024;
}
