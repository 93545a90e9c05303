import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects the garbage of this process, and lets run what waits for it. */
export async function collect(): Promise<void> {
  gc();
  await new Promise((resolve) => setImmediate(resolve));
}
