import { isDecidedLater, PLAN_OPTIONS } from './plan-options.ts';
import type { RunLine } from './run-file/line.ts';
import { mayHaveActed } from './run-file/recorded.ts';

/** A run, as far as its file says. */
export interface BegunRun {
  readonly id: string;
  readonly lines: readonly RunLine[];
}

/** What `abort` undoes. */
const UNDOABLE = ['pause', 'fence', 'scale'];

/**
 * What a person must know besides to follow `fix` in a run: the plan of a run is fixed, so only a new run takes an option of the plan.
 * Pure.
 */
export function inARun(fix: string, { id, lines }: BegunRun): string {
  const words = [...fix.matchAll(/--([a-z][a-z-]*)/g)].map(([, name = '']) => name);
  const named = words.filter((name) => Object.hasOwn(PLAN_OPTIONS, name));
  if (named.length === 0) return fix;
  if (named.every((name) => isDecidedLater('resume', name))) {
    const options = named.map((name) => `--${name}`).join(' ');
    return `${fix} In this run: regionkit failover resume --run ${id} ${options} --execute.`;
  }
  const mustBeUndone = UNDOABLE.some((step) => mayHaveActed(lines, step)) && !mayHaveActed(lines, 'promote');
  const first = mustBeUndone ? `Give it up: regionkit failover abort --run ${id} --execute. Then begin` : 'Begin';
  return `${fix} This run has its plan, and takes no such option. ${first} a new one with it, without --run: regionkit failover confirm.`;
}
