import { REGIONS } from '../regions.ts';
import type { Finding } from './finding.ts';
import { floorRise } from './floor-rise.ts';
import type { Sample } from './sample.ts';
import type { TakenSample } from './sampler.ts';
import { slopeOf } from './slope.ts';

const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;

/** What may be fitted to the samples after warm-up, an hour. */
const GROWTH: readonly (readonly [what: string, of: (sample: Sample) => number, boundMib: number])[] = [
  ['heap used after gc', ({ heapUsedBytes }) => heapUsedBytes, 8],
  ['array buffers', ({ arrayBuffersBytes }) => arrayBuffersBytes, 4],
  ['external memory', ({ externalBytes }) => externalBytes, 4],
  ['rss', ({ rssBytes }) => rssBytes, 32],
];
/** A fit over minutes makes much of little: a shorter run may rise in all as much as this share of an hour may. */
const LEAST_HOURS = 0.5;

/** By how much the floor of a count may rise. One lost in each switchover of an hour lifts it by eight. */
const FLOORS: readonly (readonly [what: string, of: (sample: Sample) => number | undefined, bound: number])[] = [
  ['active handles', ({ resources }) => sum(resources), 3],
  ['open descriptors', ({ descriptors }) => descriptors, 3],
  ['listeners', ({ listeners }) => sum(listeners), 0],
  ['leased clients', ({ router }) => router.leased, 0],
  ['held writes', ({ router }) => router.holding, 0],
];

/** So many rounds put every region into every role in each third; with fewer a third may have met another role. */
const WHOLE_TURNS = 12;
/** By how much the handles of two roles differ at rest: a pool's worth. */
const SWING = 10;

/** Whether the apps are, after the warm-up, as they were: a leak shows as a slope or as a floor that rises. */
export function judgeSamples(
  taken: readonly TakenSample[],
  { warmUpMs, rounds }: { readonly warmUpMs: number; readonly rounds: number },
): readonly Finding[] {
  return REGIONS.flatMap((region): readonly Finding[] => {
    const all = taken.filter((one) => one.region === region);
    const warm = all.filter(({ atMs }) => atMs >= warmUpMs);
    const [first, last] = [warm[0], warm.at(-1)];
    if (first === undefined || last === undefined) {
      return [{ what: `${region}: samples after warm-up`, found: '0', bound: 'at least 1', holds: false }];
    }
    const hours = (last.atMs - first.atMs) / HOUR_MS;
    const samples = warm.map(({ sample }) => sample);
    return [
      ...GROWTH.map(([what, of, boundMib]): Finding => {
        const slope = slopeOf(warm.map(({ atMs, sample }) => ({ x: atMs / HOUR_MS, y: of(sample) / MIB })));
        return {
          what: `${region}: ${what}`,
          found: `${mib(of(first.sample))} to ${mib(of(last.sample))} MiB, ${slope.toFixed(2)} MiB an hour`,
          bound: `below ${boundMib} MiB an hour`,
          holds: slope * hours < boundMib * Math.max(hours, LEAST_HOURS),
        };
      }),
      ...FLOORS.flatMap(([what, of, most]): readonly Finding[] => {
        const bound = most > 0 && rounds < WHOLE_TURNS ? SWING : most;
        const counts = samples.map(of).filter((count) => count !== undefined);
        if (counts.length < samples.length) return [];
        const rise = floorRise(counts);
        return [
          {
            what: `${region}: ${what}`,
            found: `${Math.min(...counts)} to ${Math.max(...counts)}, the floor by ${rise}`,
            bound: `the floor by ${bound} at most`,
            holds: rise <= bound,
          },
        ];
      }),
      none(`${region}: unhandled rejections and exceptions`, last.sample.unhandled),
      none(`${region}: warnings of the process`, last.sample.warnings.length, last.sample.warnings.join(', ')),
      {
        what: `${region}: longest delay of the event loop`,
        found: `${Math.max(...samples.map(({ eventLoopDelayMs }) => eventLoopDelayMs)).toFixed(0)} ms`,
        bound: 'shown',
        holds: true,
      },
    ];
  });
}

export function none(what: string, count: number, which = ''): Finding {
  return { what, found: which === '' ? String(count) : `${count} (${which})`, bound: '0', holds: count === 0 };
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
