import type { ProcessState, ServerState } from '../records/record.ts';

/** One line of what a server said. */
export function describeServer({
  where,
  role,
  why,
  timeline,
  behindBytes,
  unreplayedBytes,
  lagMs,
}: ServerState): string {
  if (role === 'unknown') return `${where}  did not answer: ${why ?? 'no reason known'}`;
  const facts = [
    timeline === undefined ? undefined : `timeline ${timeline}`,
    behindBytes === undefined ? undefined : `${bytes(behindBytes)} behind`,
    unreplayedBytes === undefined ? undefined : `${bytes(unreplayedBytes)} not replayed`,
    lagMs === undefined ? undefined : `lag ${milliseconds(lagMs)}`,
  ];
  return `${where}  ${facts.filter((fact) => fact !== undefined).join(', ')}`;
}

/** One line of what a process said. */
export function describeProcess({ where, name, state, why, primary, timeline, highest }: ProcessState): string {
  if (state === 'unknown') return `${where}  the operator door did not answer: ${why ?? 'no reason known'}`;
  const known = primary === undefined ? 'no primary' : `primary ${primary} on timeline ${timeline}`;
  const above = highest !== undefined && highest > (timeline ?? 0) ? `, knows timeline ${highest}` : '';
  return `${where}  ${name}  ${state}: ${known}${above}`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytes(count: number): string {
  const power = count < 1_024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  return `${(count / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

function milliseconds(count: number): string {
  return count < 1_000 ? `${Math.round(count)} ms` : `${(count / 1_000).toFixed(1)} s`;
}
