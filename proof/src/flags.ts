import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants/mutants.ts';
import { PROFILES, type Profile } from './schedule/choices.ts';

export interface Flags {
  readonly seeds: readonly number[];
  readonly minutes: number;
  readonly profile: Profile | undefined;
  /** The file of the history, when there is one seed. */
  readonly out: string | undefined;
  /** Where histories and logs go. */
  readonly directory: string;
  readonly mutant: string | undefined;
  readonly mutants: boolean;
  /** A history to check again. */
  readonly check: string | undefined;
  readonly verbose: boolean;
}

export const USAGE = `usage: prove [--seed N | --seeds A-B] [--minutes M] [--profile NAME] [--out FILE] [--dir DIR] [--mutant NAME] [--verbose]
       prove --mutants [--mutant NAME] [--dir DIR]
       prove --check FILE`;

/** The flags, or what is wrong with them. */
export function readFlags(given: readonly string[]): Flags | string {
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({
      args: given.filter((argument) => argument !== '--'),
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string' },
        minutes: { type: 'string', default: '1' },
        profile: { type: 'string' },
        out: { type: 'string' },
        dir: { type: 'string', default: '.regionkit/proof' },
        mutant: { type: 'string' },
        mutants: { type: 'boolean', default: false },
        check: { type: 'string' },
        verbose: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return (error as Error).message;
  }
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const seeds = readSeeds(text('seed'), text('seeds'));
  if (seeds === undefined) return '--seed takes a number, --seeds two with a hyphen, such as 1-20';
  const minutes = Number(text('minutes'));
  if (!(minutes > 0 && minutes <= 600)) return '--minutes takes a number above 0 and up to 600';
  const profile = PROFILES.find((name) => name === text('profile'));
  if (text('profile') !== undefined && profile === undefined) return `--profile is one of ${PROFILES.join(', ')}`;
  const mutant = text('mutant');
  if (mutant !== undefined && !MUTANTS.some(({ name }) => name === mutant)) {
    return `--mutant is one of ${MUTANTS.map(({ name }) => name).join(', ')}`;
  }
  if (text('out') !== undefined && seeds.length > 1) return '--out is for one seed';
  return {
    seeds,
    minutes,
    profile,
    out: text('out'),
    directory: text('dir') as string,
    mutant,
    mutants: values['mutants'] === true,
    check: text('check'),
    verbose: values['verbose'] === true,
  };
}

function readSeeds(one: string | undefined, range: string | undefined): readonly number[] | undefined {
  if (range === undefined) {
    const seed = Number(one ?? 1);
    return Number.isSafeInteger(seed) && seed >= 0 ? [seed] : undefined;
  }
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(range);
  if (match === null || one !== undefined) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return from <= to ? Array.from({ length: to - from + 1 }, (_, at) => from + at) : undefined;
}
