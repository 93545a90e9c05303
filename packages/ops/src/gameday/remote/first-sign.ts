import type { Sample } from '../measure/sample.ts';
import type { StatusSign } from './watch-status.ts';

/** The first sign of a fault after a time: a request that went wrong, or a status that has changed. */
export function firstSign(
  samples: readonly Sample[],
  signs: readonly StatusSign[],
  sinceMs: number,
): StatusSign | undefined {
  const bad = samples
    .filter(({ outcome, endedAtMs }) => outcome !== 'ok' && outcome !== 'missed' && endedAtMs >= sinceMs)
    .map(({ kind, place, outcome, dueAtMs }) => ({
      says: `a ${kind} from ${place} was ${outcome === 'unsent' ? 'not sent: too many had no answer' : outcome}`,
      atMs: dueAtMs,
    }));
  return [...bad, ...signs.filter(({ atMs }) => atMs >= sinceMs)].sort((a, b) => a.atMs - b.atMs)[0];
}
