import type { OperationEntry, OperationKind } from '../history/entries.ts';
import { isWrite } from '../history/kinds.ts';
import type { Random } from '../random.ts';
import { REGIONS, type Region } from '../regions.ts';

/** What a client will ask next. */
export interface Step {
  readonly kind: OperationKind;
  readonly key: string;
  readonly region: Region;
  /** Before it is asked, and after. */
  readonly waitMs: number;
  readonly thinkMs: number;
  /** How long a transaction stays open. */
  readonly pauseMs: number;
  /** Of `once`: its key. */
  readonly once?: string;
  /** How long its client waits for the answer. @default longer than an app needs */
  readonly patienceMs?: number;
}

/** How often a client lets time go by before it looks at what it wrote. */
export type Temper = 'busy' | 'dreamy';

/** How one client behaves: its choices come from its own stream and from nothing that happens to it but its region. */
export interface Plan {
  /** @param at where the client is now */
  next(at: Region): Step;
  /** What became of a step. */
  heard?(entry: OperationEntry): void;
  /** Where to turn after a region gave no answer. */
  flee(from: Region): Region;
}

const KINDS: readonly (readonly [OperationKind, number])[] = [
  ['set', 3],
  ['append', 2],
  ['append-slowly', 1.2],
  ['append-batch', 0.8],
  ['append-pooled', 0.8],
  ['get', 5],
  ['list', 4],
  ['visit', 0.4],
];

const SHARED_REGISTERS = 2;
/** A list that grows without end would make every read dearer than the one before. */
const APPENDS_PER_LIST = 25;
const SHARED_SHARE = 0.25;
const WANDER_SHARE = 0.15;
/** After a write the same thing is read at once this often: that is when a replica would be seen behind. */
const LOOK_BACK_SHARE = 0.6;
/** And this often only after a while, with a token that is no longer the newest: a cached position is older still. */
const DAWDLE_SHARE: Readonly<Record<Temper, number>> = { busy: 0.02, dreamy: 0.3 };
/** Longer than a standby is down when it crashes: a client that asks only before and after it would see it behind. */
const MAX_DAWDLE_MS: Readonly<Record<Temper, number>> = { busy: 2_500, dreamy: 5_000 };

export function createPlan(client: string, temper: Temper, random: Random): Plan {
  let steps = 0;
  let appends = 0;
  type Look = { readonly kind: 'get' | 'list'; readonly key: string };
  let written: Look | undefined;
  let last: Look | undefined;

  const keyOf = (kind: OperationKind): string => {
    const shared = random.chance(SHARED_SHARE);
    const which = random.integer(SHARED_REGISTERS);
    if (kind === 'set' || kind === 'get') return shared ? `register/shared/${which}` : `register/${client}`;
    if (kind === 'visit') return '';
    if (kind !== 'list') appends += 1;
    const page = Math.floor(appends / APPENDS_PER_LIST);
    return shared ? `list/shared/${page}` : `list/${client}/${page}`;
  };

  return {
    next: (at) => {
      steps += 1;
      // Drawn whether or not they are used, so that what happens to the client moves no later choice.
      const wanders = random.chance(WANDER_SHARE);
      const elsewhere = random.pick(REGIONS);
      const looksBack = random.chance(LOOK_BACK_SHARE);
      const dawdles = random.chance(DAWDLE_SHARE[temper]);
      const dawdleMs = random.integer(MAX_DAWDLE_MS[temper]);
      const kind = random.weighted(KINDS);
      const key = keyOf(kind);
      const thinkMs = 5 + random.integer(60);
      const region = wanders ? elsewhere : at;
      if (written !== undefined && looksBack) {
        const look = written;
        written = undefined;
        return { ...look, region, thinkMs: 0, pauseMs: 0, waitMs: 0 };
      }
      if (dawdles && last !== undefined) return { ...last, region, thinkMs: 0, pauseMs: 0, waitMs: dawdleMs };
      written = isWrite(kind) ? { kind: kind === 'set' ? 'get' : 'list', key } : undefined;
      last = written ?? last;
      return { kind, key, region, thinkMs, pauseMs: 10 * thinkMs, waitMs: 0 };
    },
    flee: (from) => REGIONS[(REGIONS.indexOf(from) + 1 + (steps % 2)) % REGIONS.length] as Region,
  };
}
