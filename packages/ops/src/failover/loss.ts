import type { Flushed } from '../fence/flushed-by.ts';
import { seconds } from '../options/text.ts';
import { bytesOfLsn } from '../postgres/lsn.ts';
import type { AcceptLoss } from './accept-loss.ts';
import { isFenced, type KnownNode, regionsOf, type Situation, writers } from './survey/situation.ts';

/** What may be missing on the server to promote. */
export interface Loss {
  /** Nothing is lost: the old primary answered, takes no more writes, and has flushed nothing that the new one lacks. */
  readonly excluded: boolean;
  /** Measured on the old primary. Undefined if it does not answer, because no other server knows how far it has written. */
  readonly bytes: number | undefined;
  /**
   * The time from the last commit that the server to promote has to the moment from which no app found a primary, or to
   * now if that moment is not known. Undefined if the server has replayed no commit since its start, or if the
   * time of that commit is in the future. Quiet time counts, although nothing was written in it.
   */
  readonly windowMs: number | undefined;
  /** How long no app has found a primary. Undefined if the app of a region does not report it. */
  readonly goneForMs?: number | undefined;
}

/** `flushed`: what the old primary had flushed when its logins were revoked. It is used if the old primary no longer answers. */
export function assessLoss(situation: Situation, from: string, target: KnownNode, flushed?: Flushed['flushed']): Loss {
  const { nowMs, lastCommitMs, position, timeline } = target.state;
  // If the time of the commit is in the future, the clock that made it runs ahead, and each time would be too short.
  const sinceCommitMs = lastCommitMs === null || lastCommitMs > nowMs ? undefined : nowMs - lastCommitMs;
  const told = goneFor(situation);
  // A younger commit shows that there was a primary.
  const goneForMs = told !== undefined && told <= (sinceCommitMs ?? 0) ? told : undefined;
  const window = {
    windowMs: sinceCommitMs === undefined ? undefined : sinceCommitMs - (goneForMs ?? 0),
    goneForMs,
  };
  const old = writers(situation).find(({ id, region }) => region === from && id !== target.id);
  const last = old?.state ?? flushed;
  if (last === undefined || last.timeline !== timeline) return { excluded: false, bytes: undefined, ...window };
  const bytes = Math.max(0, Number(bytesOfLsn(last.position) - bytesOfLsn(position)));
  return { excluded: bytes === 0 && (old === undefined || isFenced(old)), bytes, ...window };
}

/**
 * How long no app has found a primary. The app of each region must report it, also that of the lost one: a region that does
 * not answer may only be cut off, and its app may still write there.
 */
function goneFor(situation: Situation): number | undefined {
  const ages = regionsOf(situation).map((name) => {
    const answer = situation.apps.find(({ region }) => region === name)?.answer;
    return answer?.ok === true && answer.view.region === name ? answer.view.noPrimaryForMs : undefined;
  });
  return ages.every((age) => age !== undefined) ? Math.min(...ages) : undefined;
}

export function isAccepted({ excluded, bytes, windowMs }: Loss, accept: AcceptLoss): boolean {
  if (excluded || accept.kind === 'unknown') return true;
  if (accept.kind === 'bytes') return bytes !== undefined && bytes <= accept.bytes;
  return accept.kind === 'duration' && windowMs !== undefined && windowMs <= accept.ms;
}

export function sayLoss({ excluded, bytes, windowMs, goneForMs }: Loss): string {
  if (excluded) return 'nothing is lost: the old primary takes no writes, and the target has all that it flushed';
  const amount = bytes === undefined ? 'an unknown amount of WAL' : `${bytes} bytes of WAL`;
  return `the target may lack ${amount}; ${sayTime(windowMs, goneForMs)}`;
}

function sayTime(windowMs: number | undefined, goneForMs: number | undefined): string {
  if (windowMs === undefined) return 'when its last commit was is not known';
  return goneForMs === undefined
    ? `its last commit is ${seconds(windowMs)} old, and not every region's app says since when it finds no primary`
    : `its last commit was ${seconds(windowMs)} before the apps found no primary any more, ${seconds(goneForMs)} ago`;
}
