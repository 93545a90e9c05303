import { bytesOfLsn } from '../../postgres/lsn.ts';
import type { ServerFacts } from './server-facts.ts';
import type { Session } from './session.ts';

/** One line of a timeline history: this timeline was left at this position. */
export interface Ancestor {
  readonly timeline: number;
  readonly leftAt: string;
}

/** Reads `pg_wal/00000002.history`: https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES */
export function parseHistory(text: string): readonly Ancestor[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+([0-9A-F]{1,8}\/[0-9A-F]{1,8})(?:\s|$)/i.exec(line);
    return match === null ? [] : [{ timeline: Number(match[1]), leftAt: match[2] as string }];
  });
}

/**
 * Where the two histories part, in the WAL of the old server. Undefined: they have nothing in common. Both may have left
 * a common ancestor, at different places: what both have ends at the first of the two.
 */
export function forkOf(
  old: { readonly timeline: number; readonly ancestors: readonly Ancestor[] },
  now: { readonly timeline: number; readonly ancestors: readonly Ancestor[] },
): string | undefined {
  const steps = (
    one: typeof old,
  ): readonly (Ancestor | { readonly timeline: number; readonly leftAt: undefined })[] => [
    ...one.ancestors,
    { timeline: one.timeline, leftAt: undefined },
  ];
  const [a, b] = [steps(old), steps(now)];
  let common: string | undefined;
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const [left, right] = [a[at], b[at]];
    if (left?.timeline !== right?.timeline) break;
    const ends = [left?.leftAt, right?.leftAt].filter((end) => end !== undefined);
    const [first, second] = ends;
    if (first === undefined) return undefined;
    if (second === undefined) return first;
    common = bytesOfLsn(first) < bytesOfLsn(second) ? first : second;
    if (first !== second) return common;
  }
  return common;
}

const SQL = `SELECT pg_read_file('pg_wal/' || upper(lpad(to_hex($1::int), 8, '0')) || '.history') AS history`;

/** Undefined: the role may not read it (it needs `pg_read_server_files`), or there is no such file. */
export async function readAncestors(
  session: Session,
  { timeline }: Pick<ServerFacts, 'timeline'>,
): Promise<readonly Ancestor[] | undefined> {
  if (timeline === 1) return [];
  try {
    const [row] = await session.query<{ history: string }>(SQL, [timeline]);
    return row === undefined ? undefined : parseHistory(row.history);
  } catch {
    return undefined;
  }
}
