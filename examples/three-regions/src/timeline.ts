import type { Findings, Operation } from './checker.ts';
import { PLACE, REGIONS, type RegionName } from './names.ts';

/** What happened to the regions, in the order of the story. */
export interface Moments {
  readonly killed: number;
  readonly promoted: number;
  readonly firstWrite: number;
  readonly returned: number;
  readonly rebuilt: number;
  readonly switchover: number;
  readonly switched: number;
  readonly ended: number;
}

/** A failover as its clients saw it. Milliseconds from the kill. */
export interface Timeline {
  readonly moments: Moments;
  /** Each acknowledged write: where its client is, and when the answer was there. */
  readonly writes: readonly { readonly place: RegionName; readonly atMs: number }[];
  readonly findings: Pick<Findings, 'staleReads' | 'writesAcknowledged'> & {
    readonly lost: number;
    readonly lostUnannounced: number;
    readonly duplicated: number;
  };
}

/** @param moments on the clock of the history */
export function timelineOf(history: readonly Operation[], moments: Moments, findings: Findings): Timeline {
  const { killed } = moments;
  const since = (atMs: number): number => Math.round(atMs - killed);
  return {
    moments: {
      killed: 0,
      promoted: since(moments.promoted),
      firstWrite: since(moments.firstWrite),
      returned: since(moments.returned),
      rebuilt: since(moments.rebuilt),
      switchover: since(moments.switchover),
      switched: since(moments.switched),
      ended: since(moments.ended),
    },
    writes: history
      .filter(({ kind, outcome }) => kind === 'write' && outcome === 'ok')
      .flatMap(({ client, endedAtMs }) => {
        const place = REGIONS.find((region) => client.startsWith(PLACE[region]));
        return place === undefined ? [] : [{ place, atMs: since(endedAtMs) }];
      }),
    findings: {
      staleReads: findings.staleReads,
      writesAcknowledged: findings.writesAcknowledged,
      lost: findings.lost.length,
      lostUnannounced: findings.lostUnannounced.length,
      duplicated: findings.duplicated.length,
    },
  };
}
