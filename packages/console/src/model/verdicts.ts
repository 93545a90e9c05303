import type { Fleet, SeenRegion } from './fleet.ts';
import { type Mark, worstMark } from './mark.ts';
import { speaking } from './nodes.ts';

/** What a region can do, by its own word and by that of the others. */
export interface VerdictRow {
  readonly region: string;
  readonly reads: Mark;
  readonly writes: Mark;
  readonly accept: Mark;
  /** How the other regions see it. */
  readonly seen: readonly { readonly by: string; readonly says: Mark }[];
}

/** A row for each region. Pure. */
export function verdictsOf(fleet: Fleet): readonly VerdictRow[] {
  const processes = speaking(fleet);
  return fleet.regions.map(({ name }) => {
    const own = processes.flatMap(({ region, verdict }) => (region === name && verdict !== undefined ? [verdict] : []));
    const by = [...new Set(processes.map(({ region }) => region))].filter((region) => region !== name);
    return {
      region: name,
      reads: worstMark(own.map(({ reads }) => reads)),
      writes: worstMark(own.map(({ writes }) => writes)),
      accept: worstMark(own.map(({ accept }) => accept)),
      seen: by.flatMap((region) => {
        const seen = processes.filter((process) => process.region === region).flatMap(({ sees }) => sees);
        const says = seen.filter((each) => each.name === name).map(inOneWord);
        return says.length === 0 ? [] : [{ by: region, says: worstMark(says) }];
      }),
    };
  });
}

/** The worst of what is seen, as one word: the three verdicts of a region are mostly equal. */
function inOneWord({ reads, writes, accept }: SeenRegion): string {
  if (reads === 'pass' && writes === 'pass' && accept === 'yes') return 'pass';
  if (reads === writes && accept === (reads === 'unknown' ? 'unknown' : 'no')) return reads;
  return `reads ${reads}, writes ${writes}, traffic ${accept}`;
}
