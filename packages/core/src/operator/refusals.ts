import type { Clock } from '../kit/clock.ts';

/** The shortest time between two reports of wrong tokens. Each wrong token is counted. */
const NOTICE_MS = 60_000;

/**
 * Counts the requests that had no valid token, and reports them at most once a minute. Returns the count.
 *
 * @param name what refused them: `operator`, `console`
 */
export function createRefusals(name: string, say: (message: string) => void, clock: Clock): () => number {
  let times = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    times += 1;
    if (clock.now() - toldAtMs >= NOTICE_MS) {
      toldAtMs = clock.now();
      say(`${name}: a request had no valid token; ${times} since the start`);
    }
    return times;
  };
}
