import type { Line } from './lab-setup.ts';
import { KEYS } from './random-history.ts';

/** Rows of a table by their key, as text, with the transaction that wrote them. */
export type Rows = ReadonlyMap<
  string,
  { readonly xmin: string; readonly values: string; readonly unique: string | null }
>;

export type Outcome = 'apply' | 'settled' | 'conflict';

/** The three states of one table. */
export interface States {
  readonly fork: Rows;
  readonly old: Rows;
  readonly now: Rows;
}

/**
 * What a reader of both histories would make of a table: a lost change is taken over where the new primary has not
 * touched the row. Written without any code of the command: from the rows before and after alone.
 *
 * `moves`: pairs of keys that one row had on the old primary.
 */
export function expectedUnion(
  table: string,
  { fork, old, now }: States,
  moves: readonly (readonly [string, string])[],
): ReadonlyMap<string, string> {
  const changed = new Set<string>();
  for (const key of new Set([...fork.keys(), ...old.keys()])) {
    if (fork.get(key)?.xmin !== old.get(key)?.xmin) changed.add(key);
  }
  const isTouched = (key: string): boolean => now.has(key) && now.get(key)?.xmin !== fork.get(key)?.xmin;
  const outcomes = new Map<string, Outcome>();
  for (const key of changed) outcomes.set(key, judge(key));
  const components = componentsOf(moves);
  for (let before = -1; before !== countConflicts(); ) {
    before = countConflicts();
    for (const component of components) {
      // A key that the row had for a while, and that is taken by another one now.
      const all = component.flatMap((key) => outcomes.get(key) ?? (now.has(key) ? ['conflict' as const] : []));
      const isStuck = all.includes('conflict') || (all.includes('apply') && all.includes('settled'));
      if (isStuck) for (const key of component) if (outcomes.has(key)) outcomes.set(key, 'conflict');
    }
    for (const [key, outcome] of outcomes) {
      const unique = old.get(key)?.unique ?? null;
      if (outcome !== 'apply' || unique === null) continue;
      const isTaken = [...now].some(
        ([other, row]) =>
          other !== key && row.unique === unique && (isTouched(other) || outcomes.get(other) === 'conflict'),
      );
      if (isTaken) outcomes.set(key, 'conflict');
    }
  }
  const union = new Map([...now].map(([key, { values }]) => [key, values]));
  for (const [key, outcome] of outcomes) {
    if (outcome !== 'apply') continue;
    const row = old.get(key);
    if (row === undefined) union.delete(key);
    else union.set(key, row.values);
  }
  return union;

  function countConflicts(): number {
    return [...outcomes.values()].filter((outcome) => outcome === 'conflict').length;
  }

  function judge(key: string): Outcome {
    const [before, mine, theirs] = [fork.get(key), old.get(key), now.get(key)];
    // A TRUNCATE is to be decided by hand, and with it what it removed: the row before it stands.
    if (table === 'emptied' && (mine === undefined || before !== undefined)) return 'settled';
    if (mine === undefined) return theirs === undefined ? 'settled' : isTouched(key) ? 'conflict' : 'apply';
    if (theirs === undefined) return before === undefined ? 'apply' : 'conflict';
    if (theirs.values === mine.values) return 'settled';
    return before === undefined || isTouched(key) ? 'conflict' : 'apply';
  }
}

function componentsOf(moves: readonly (readonly [string, string])[]): readonly (readonly string[])[] {
  const components: Set<string>[] = [];
  for (const pair of moves) {
    const touched = components.filter((one) => pair.some((key) => one.has(key)));
    const merged = new Set([...pair, ...touched.flatMap((one) => [...one])]);
    for (const one of touched) components.splice(components.indexOf(one), 1);
    components.push(merged);
  }
  return components.map((one) => [...one]);
}

/** The keys that rows had, by the table: from the two halves of each change of a key. */
export function movesOf(lines: readonly Line[]): ReadonlyMap<string, readonly (readonly [string, string])[]> {
  const moves = new Map<string, (readonly [string, string])[]>();
  let left: string | undefined;
  for (const { table, key, keyChange } of lines) {
    if (keyChange === undefined || table === undefined) continue;
    const id = keyId(table.name, key ?? {});
    if (keyChange === 'left') left = id;
    else moves.set(table.name, [...(moves.get(table.name) ?? []), [left ?? '', id]]);
  }
  return moves;
}

/** A row of a partition came, or went: written by a trigger of the test, in the order of the statements. */
export interface PartLog {
  readonly tx: string;
  readonly op: string;
  readonly part: string;
  readonly k: string;
  readonly day: string;
}

/**
 * The keys that rows of partitions had. An UPDATE that moves a row deletes it from one and inserts it into another; one by hand looks the
 * same: of all rows that this transaction has deleted from other partitions, the last with the same number; or else the one before,
 * if no row was inserted since.
 */
export function partMovesOf(log: readonly PartLog[]): readonly (readonly [string, string])[] {
  const idOf = ({ k, day }: PartLog): string => keyId('parts', { k, day });
  return log.flatMap((one, at) => {
    if (one.op !== 'INSERT') return [];
    const earlier = log.slice(0, at).filter(({ tx }) => tx === one.tx);
    const same = earlier.filter(({ op, k }) => op === 'DELETE' && k === one.k).at(-1);
    const before = earlier.at(-1);
    const next = before?.op === 'DELETE' ? before : undefined;
    const left = [same, next].find((row) => row !== undefined && row.part !== one.part);
    return left === undefined ? [] : [[idOf(left), idOf(one)] as const];
  });
}

export const keyId = (table: string, row: Readonly<Record<string, string | null>>): string =>
  JSON.stringify(KEYS[table.replace(/^parts_[ab]$/, 'parts')]?.key.map((column) => row[column]));
