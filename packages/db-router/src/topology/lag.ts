import type { Sample } from './facts.ts';

const MAX_SAMPLES = 48;
const SAMPLES_PER_LAG = 16;

/**
 * Adds a position of the primary. Samples closer together than a sixteenth of `maxLagMs` replace each other.
 *
 * @param from `told`: by a document of any process. It contains the last position that this process saw, which may be
 * below a known one without any fault
 */
export function addSample(
  list: readonly Sample[],
  sample: Sample,
  from: 'measured' | 'told',
  maxLagMs: number,
): readonly Sample[] {
  const last = list.at(-1);
  if (last === undefined) return [sample];
  if (sample.atMs <= last.atMs) return list;
  // A crashed primary may be below its earlier position. That earlier sample is invalid.
  if (sample.lsn < last.lsn) return from === 'measured' || sample.atMs - last.atMs > maxLagMs ? [sample] : list;
  const before = list.at(-2);
  const kept =
    before !== undefined && sample.atMs - before.atMs < maxLagMs / SAMPLES_PER_LAG ? list.slice(0, -1) : list;
  return [...kept, sample].slice(-MAX_SAMPLES);
}

/**
 * Returns how long before `atMs` the primary was at `position`. 0 if it is not known to have been further. Interpolated
 * between two samples. Undefined if it was beyond `position` in all samples.
 */
export function lagAt(list: readonly Sample[], position: bigint, atMs: number): number | undefined {
  for (let index = list.length - 1; index >= 0; index -= 1) {
    const sample = list[index] as Sample;
    if (sample.lsn > position) continue;
    const next = list[index + 1];
    if (next === undefined) return 0;
    const share = next.lsn === sample.lsn ? 1 : Number(position - sample.lsn) / Number(next.lsn - sample.lsn);
    return Math.max(0, atMs - (sample.atMs + share * (next.atMs - sample.atMs)));
  }
  return undefined;
}
