import type { Flushed } from '../fence/flushed-by.ts';
import { seconds } from '../options/text.ts';
import { bytesOfLsn } from '../postgres/lsn.ts';
import type { AcceptLoss } from './accept-loss.ts';
import { isFenced, type KnownNode, type Situation, writers } from './survey/situation.ts';

/** What may be missing on the server to promote. */
export interface Loss {
  /** Nothing is: the old primary answered, takes no more writes, and has flushed nothing that the other has not. */
  readonly excluded: boolean;
  /** Measured on the old primary. Undefined while it cannot be asked: what it wrote last is not known elsewhere. */
  readonly bytes: number | undefined;
  /**
   * At most so much time lies between the last commit that the server to promote has, and now. Undefined if it has
   * replayed none since it was started. It also grows while there are no writes, and then nothing is lost.
   */
  readonly windowMs: number | undefined;
}

/** `flushed`: what the old primary had flushed when its logins were revoked. It counts when it cannot be asked any more. */
export function assessLoss(situation: Situation, from: string, target: KnownNode, flushed?: Flushed['flushed']): Loss {
  const { nowMs, lastCommitMs, position, timeline } = target.state;
  const windowMs = lastCommitMs === null ? undefined : Math.max(0, nowMs - lastCommitMs);
  const old = writers(situation).find(({ id, region }) => region === from && id !== target.id);
  const last = old?.state ?? flushed;
  if (last === undefined || last.timeline !== timeline) return { excluded: false, bytes: undefined, windowMs };
  const bytes = Math.max(0, Number(bytesOfLsn(last.position) - bytesOfLsn(position)));
  return { excluded: bytes === 0 && (old === undefined || isFenced(old)), bytes, windowMs };
}

export function isAccepted({ excluded, bytes, windowMs }: Loss, accept: AcceptLoss): boolean {
  if (excluded || accept.kind === 'unknown') return true;
  if (accept.kind === 'bytes') return bytes !== undefined && bytes <= accept.bytes;
  return accept.kind === 'duration' && windowMs !== undefined && windowMs <= accept.ms;
}

export function sayLoss({ excluded, bytes, windowMs }: Loss): string {
  if (excluded) return 'nothing is lost: the old primary takes no writes, and the target has all that it flushed';
  const amount = bytes === undefined ? 'an unknown amount of WAL' : `${bytes} bytes of WAL`;
  const time = windowMs === undefined ? 'its last commit is not known' : `its last commit is ${seconds(windowMs)} old`;
  return `the target may lack ${amount}; ${time}`;
}
