import type { Region } from '@regionkit/core';
import { freshMemory, type PeerMemory, type PeerReason } from './peer.ts';

/** One region that is asked, and when. */
export interface Line<Name extends string> {
  readonly region: Region<Name>;
  readonly url: string;
  memory: PeerMemory;
  nextAtMs: number;
  askedAtMs: number;
  asking: boolean;
  /** When it was asked the last question whose end says something of the region: see `isSettled`. -Infinity: none was. */
  settledAskedAtMs: number;
  /** The era of the last question that is over, answered or not. Undefined: none is. */
  endedEra: number | undefined;
  /** It is the primary, and the last request had no answer, or one that does not confirm it. */
  doubtful: boolean;
  /** This region has a change that the running request does not contain yet. */
  news: boolean;
  /** Increases when everything is forgotten. Answers to earlier requests then do not count. */
  era: number;
  /** How many questions of this era this process has answered itself. Only in the line of the own region. */
  ownAnswers: number;
  /** How far its wall clock is ahead of ours; 0 while that makes no difference. */
  clockAheadMs: number;
  /** Cancels a request that is due before the next tick. */
  cancelSoon: (() => void) | undefined;
}

export function createLine<Name extends string>(region: Region<Name>, url: string, nowMs: number): Line<Name> {
  return {
    region,
    url: checkUrl(url),
    memory: freshMemory(nowMs),
    nextAtMs: nowMs,
    askedAtMs: Number.NEGATIVE_INFINITY,
    asking: false,
    settledAskedAtMs: Number.NEGATIVE_INFINITY,
    endedEra: undefined,
    doubtful: false,
    news: false,
    era: 0,
    ownAnswers: 0,
    clockAheadMs: 0,
    cancelSoon: undefined,
  };
}

/** Whether it was asked, answered or not, since everything was forgotten. */
export function wasAsked({ endedEra, era }: Pick<Line<string>, 'endedEra' | 'era'>): boolean {
  return endedEra === era;
}

/** Whether the primary was silent, or did not say so any more. */
export function isDoubtful({ documents }: PeerMemory, reason: PeerReason): boolean {
  const [newest, ...others] = documents.map(({ document }) => document.database?.role === 'primary');
  return reason === 'ok' ? newest !== true && others.includes(true) : newest === true || others.includes(true);
}

/**
 * Whether the end of a question says something of the region: it has answered with its signature, or nothing has answered. Everything
 * else is the word of something in front of the region, which is not gone: its processes may just be starting. After a
 * thaw such a region is asked again until it answers itself, or the router waits no longer.
 */
export function isSettled(reason: PeerReason): boolean {
  return reason === 'ok' || reason === 'timeout' || reason === 'unreachable';
}

function checkUrl(given: string): string {
  try {
    const url = new URL(given);
    if (url.protocol === 'https:' || url.protocol === 'http:') return url.href;
  } catch {
    // The error below reports it.
  }
  throw new TypeError('createHealth: peers.url must give an http or https URL');
}
