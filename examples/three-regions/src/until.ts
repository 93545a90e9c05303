import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from './stage.ts';

/** Looks again and again until there is something, and returns it. */
export async function until<T>(what: string, look: () => T | undefined | false, waitMs = 60_000): Promise<T> {
  const end = performance.now() + waitMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end)
      throw new Error(
        `${what}: not within ${seconds(waitMs)}. On a machine that is busy with something else the story cannot keep its times`,
      );
    await pause(10);
  }
}
