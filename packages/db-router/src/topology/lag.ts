import type { Sample } from './facts.ts';

const MAX_SAMPLES = 48;
const SAMPLES_PER_LAG = 16;

/**
 * Adds where the primary was. Samples closer together than a sixteenth of `maxLagMs` replace each other.
 *
 * @param from `told`: by a document, of whatever process answered. It says where that process last saw the primary, which
 * may be below what is known already without anything having happened.
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
  // A primary that crashed may stand below what it said before: what it said then is worth nothing.
  if (sample.lsn < last.lsn) return from === 'measured' || sample.atMs - last.atMs > maxLagMs ? [sample] : list;
  const before = list.at(-2);
  const kept =
    before !== undefined && sample.atMs - before.atMs < maxLagMs / SAMPLES_PER_LAG ? list.slice(0, -1) : list;
  return [...kept, sample].slice(-MAX_SAMPLES);
}

/**
 * How long ago, at `atMs`, the primary was at `position`: 0 when it is not known to have been further, interpolated
 * between two samples, undefined when it was beyond `position` as long as it has been watched.
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
