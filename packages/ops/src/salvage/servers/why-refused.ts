import type { ServerFacts } from './server-facts.ts';
import type { Ancestor } from './timeline-history.ts';

/** Why these two cannot be compared, in one sentence. Pure. Undefined: they can. */
export function whyRefused(
  old: ServerFacts,
  now: ServerFacts,
  ancestorsOfOld: readonly Ancestor[] | undefined,
): string | undefined {
  if (old.system !== now.system) return '--old and --new are not copies of one database system';
  if (old.database !== now.database) return '--old and --new are connected to two databases with different names';
  if (now.inRecovery) return '--new is a standby: it must be the primary that took the place of --old';
  if (old.inRecovery) {
    return '--old is a standby: it has no writes of its own, or it was rebuilt already';
  }
  if (old.standbys.length > 0) {
    return `--old takes writes, and standbys stream from it (${old.standbys.join(', ')}): it may be the current primary. Make them follow --new first`;
  }
  if (old.timeline === now.timeline)
    return '--old and --new are on one timeline: both are the same server, or none was promoted';
  const isBelow = ancestorsOfOld?.some(({ timeline }) => timeline === now.timeline) ?? true;
  if (old.timeline > now.timeline && isBelow) return '--old is on a newer timeline than --new: the two are swapped';
  return undefined;
}
