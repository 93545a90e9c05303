import type { Finding } from '../records/record.ts';

/** The processes, instances or tasks of the app in one region. */
export interface Capacity {
  /** What runs now. */
  readonly current: number;
  /** The most that its own clients needed in the last 24 hours. A part counts. */
  readonly peak: number;
  /** The limit of its group (MaxSize). */
  readonly max: number;
}

/** What a region must have when it gets the clients of the lost region, too. */
export interface ScaleTarget {
  readonly region: string;
  readonly current: number;
  /** What to ask for. */
  readonly wanted: number;
  /** What would be needed, if that is more than the limit. */
  readonly lacks: number | undefined;
}

/**
 * Any region may get all clients of the lost one: DNS decides. So each of the others needs
 * `max(current, ceil(own peak + peak of the lost region))`, and at most its limit. Pure.
 */
export function planScale(
  regions: readonly { readonly name: string; readonly capacity: Capacity | undefined }[],
  from: string,
): readonly ScaleTarget[] {
  const lost = regions.find(({ name }) => name === from)?.capacity;
  if (lost === undefined) return [];
  return regions.flatMap(({ name, capacity }) => {
    if (name === from || capacity === undefined) return [];
    const { current, peak, max } = capacity;
    const needed = Math.max(current, Math.ceil(rounded(peak + lost.peak)));
    return [{ region: name, current, wanted: Math.min(needed, max), lacks: needed > max ? needed : undefined }];
  });
}

/** 0.1 + 0.2 is 0.30000000000000004: it must not cost an instance. */
const rounded = (sum: number): number => Math.round(sum * 1e6) / 1e6;

/** What is short when a region is lost. */
export const scaleWarnings = (targets: readonly ScaleTarget[]): readonly Finding[] =>
  targets.flatMap(({ region, wanted, lacks }): readonly Finding[] =>
    lacks === undefined
      ? []
      : [
          {
            type: 'finding',
            id: 'scale-limited',
            level: 'warning',
            where: region,
            evidence: `${region} may need ${lacks} for all clients of the lost region, and its limit is ${wanted}.`,
            fix: 'Raise the limit (MaxSize), or let the app serve less while it is overloaded.',
          },
        ],
  );

export const sayScale = (targets: readonly ScaleTarget[]): string =>
  targets
    .map(({ region, current, wanted, lacks }) => {
      const change = wanted === current ? `keep ${current}` : `${current} to ${wanted}`;
      return `${region}: ${change}${lacks === undefined ? '' : `, although ${lacks} are needed: its limit is ${wanted}`}`;
    })
    .join('; ');
