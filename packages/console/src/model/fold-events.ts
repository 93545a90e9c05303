import type { FleetEvent } from './fleet.ts';

/** One line of the list of events. */
export interface EventLine {
  /** Of the first event in it: it stays while the line grows. */
  readonly key: number;
  readonly name: string;
  readonly text: string;
  /** So many events. */
  readonly count: number;
  /** In how many processes of which region it happened. */
  readonly where: string;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** A failover has hundreds of them, and each says little: only the newest is shown. */
const BY_NAME: ReadonlySet<string> = new Set(['hold', 'hold-ended', 'outcome-unknown']);
/** Events so far apart belong to different failures. */
const WITHIN_MS = 10_000;

/** How long each process was without a primary differs a little. */
const DURATION = /\b[\d.]+ (?:ms|s|min|h)\b/g;

interface Growing extends Omit<EventLine, 'where'> {
  /** The region of each process. */
  readonly processes: Map<string, string>;
}

/**
 * Folds events into lines, the newest first. Equal events of several processes are one line, and so are all held writes of one
 * failover. Pure.
 */
export function foldEvents(events: readonly FleetEvent[], maxLines: number): readonly EventLine[] {
  const lines: Growing[] = [];
  const open = new Map<string, number>();
  const begun = events.map((event) => ({ ...event, first: event.first ?? { id: event.id, atMs: event.atMs } }));
  for (const event of begun.toSorted(
    ({ first: left }, { first: right }) => left.atMs - right.atMs || left.id - right.id,
  )) {
    const { name, text, times, first, atMs, process, region } = event;
    const key = BY_NAME.has(name) ? name : `${name} ${text.replace(DURATION, '')}`;
    const at = open.get(key);
    const line = at === undefined ? undefined : lines[at];
    if (at !== undefined && line !== undefined && first.atMs - line.lastAtMs <= WITHIN_MS) {
      line.processes.set(process, region);
      const newest = atMs >= line.lastAtMs ? { text, lastAtMs: atMs } : {};
      lines[at] = { ...line, ...newest, count: line.count + times };
      continue;
    }
    open.set(key, lines.length);
    const processes = new Map([[process, region]]);
    lines.push({ key: first.id, name, text, count: times, processes, firstAtMs: first.atMs, lastAtMs: atMs });
  }
  return lines
    .toReversed()
    .slice(0, maxLines)
    .map(({ processes, ...line }) => ({ ...line, where: whereOf(processes) }));
}

/** `us-east-1, eu-west-1 (3 processes)` */
function whereOf(processes: ReadonlyMap<string, string>): string {
  const counts = new Map<string, number>();
  for (const region of processes.values()) counts.set(region, (counts.get(region) ?? 0) + 1);
  return [...counts].map(([region, count]) => (count === 1 ? region : `${region} (${count} processes)`)).join(', ');
}
