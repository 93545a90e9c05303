import type {
  Entry,
  FaultEntry,
  OperationEntry,
  OperationKind,
  Position,
  RowEntry,
  RunEntry,
} from '../src/history/entries.ts';
import { isWrite } from '../src/history/kinds.ts';
import { UNKNOWN_LSN } from '../src/history/position.ts';
import { REGIONS } from '../src/regions.ts';
import type { Fault } from '../src/schedule/fault.ts';

/** Writes a history by hand: each call is one entry, and time goes on by itself. */
export interface HistoryBuilder {
  /** A request. Acknowledged, unless told otherwise; a write that is acknowledged leaves its row in the primary. */
  op(kind: OperationKind, given?: Partial<OperationEntry> & { readonly rows?: readonly Partial<RowEntry>[] }): string;
  fault(fault: Fault, given?: Partial<FaultEntry>): void;
  row(operation: string, given?: Partial<RowEntry>): void;
  add(entry: Entry): void;
  /** Closes it, with a world that is well again. */
  entries(given?: {
    readonly timeline?: number;
    readonly recovered?: boolean;
    readonly run?: Partial<RunEntry>;
  }): Entry[];
}

export const wrote = (lsn: number, timeline = 1): Position => ({
  kind: 'write',
  timeline,
  owner: 'aa',
  lsn: String(lsn),
});
export const saw = (lsn: number, timeline = 1): Position => ({ kind: 'seen', timeline, owner: 'aa', lsn: String(lsn) });

/** What a client brings unless told otherwise: it lies beyond all that it could have been shown. */
const BEYOND_ALL = saw(1_000_000, 99);

const DEPLOYMENT = { writes: 'forward', pools: 'all', store: true, monotonicReads: true } as const;

export function writeHistory(): HistoryBuilder {
  const entries: Entry[] = [];
  let now = 0;
  let count = 0;

  const row: HistoryBuilder['row'] = (operation, given = {}) => {
    count += 1;
    entries.push({
      type: 'row',
      from: 'us',
      survives: true,
      operation,
      part: 0,
      timeline: 1,
      lsn: String(1_000 + count),
      transaction: String(700 + count),
      server: 5432,
      app: 'us/0',
      known: 1,
      state: 'ready',
      ...given,
    });
  };
  const op: HistoryBuilder['op'] = (kind, { rows, ...given } = {}) => {
    count += 1;
    const id = given.id ?? `${given.client ?? 'ada'}-${count}`;
    now += 10;
    const parts = kind === 'append-slowly' || kind === 'append-batch' ? [{ part: 0 }, { part: 1 }] : [{}];
    const isAcknowledged = isWrite(kind) && (given.outcome ?? 'ok') === 'ok';
    const left: readonly Partial<RowEntry>[] = rows ?? (isAcknowledged ? parts : []);
    const token = given.received?.find((position) => position.kind === 'write' && position.lsn !== UNKNOWN_LSN);
    // The row lies right before the position that the client is given.
    const lsn = token === undefined ? String(1_000 + count) : String(BigInt(token.lsn) - 1n);
    const written = left.map((each) => ({
      lsn,
      ...(given.version !== undefined && { version: given.version }),
      ...each,
    }));
    entries.push({
      type: 'operation',
      id,
      client: 'ada',
      carries: 'both',
      kind,
      key: kind === 'set' || kind === 'get' ? 'register/ada' : 'list/ada/0',
      region: 'us',
      startMs: now,
      endMs: now + 5,
      status: given.outcome === undefined || given.outcome === 'ok' ? 200 : 503,
      outcome: 'ok',
      sent: [BEYOND_ALL],
      received: isAcknowledged ? written.map((each) => wrote(Number(each.lsn) + 1, each.timeline)) : [],
      ...given,
    });
    for (const each of written) row(id, each);
    return id;
  };

  return {
    op,
    row,
    add: (entry) => entries.push(entry),
    fault: (fault, given = {}) => {
      now += 10;
      entries.push({ type: 'fault', fault, startMs: now, endMs: now + 5, result: 'done', ...given });
    },
    entries: ({ timeline = 1, recovered = true, run = {} } = {}) => {
      if (recovered) {
        for (const region of REGIONS) {
          op('append', { client: `last-${region}`, key: `list/last-${region}/0`, region, final: true });
          op('list', { client: `last-${region}`, key: 'list/none', region, final: true, entries: [] });
        }
      }
      return [
        {
          type: 'run',
          seed: 1,
          minutes: 1,
          profile: 'everything',
          deployment: DEPLOYMENT,
          node: 'v20.0.0',
          ...run,
        },
        ...entries,
        { type: 'end', atMs: now + 100, primary: 'us', timeline },
      ];
    },
  };
}
