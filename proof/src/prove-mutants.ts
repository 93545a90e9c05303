import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Flags } from './flags.ts';
import { MUTANTS } from './mutants/mutants.ts';
import type { Mutation } from './mutants/mutation.ts';
import { historyFileOf, run } from './run.ts';

const MINUTES = 0.7;

/**
 * Proves the checker: each bug is planted in turn, and must be found within its number of seeds. Exits 1 if one is not.
 */
export async function proveMutants({
  directory,
  mutant,
  verbose,
  print,
}: Pick<Flags, 'directory' | 'mutant' | 'verbose'> & { readonly print: (line?: string) => void }): Promise<boolean> {
  let all = true;
  for (const mutation of MUTANTS.filter(({ name }) => mutant === undefined || name === mutant)) {
    const found = await hunt(mutation, directory, { print, tell: (line) => verbose && print(line) });
    all &&= found !== undefined;
    print(
      found === undefined ? `${mutation.name}: NOT FOUND in ${mutation.seeds} seeds` : `${mutation.name}: ${found}`,
    );
  }
  return all;
}

/** In which seed it was found and how, or undefined. */
async function hunt(
  mutation: Mutation,
  root: string,
  { print, tell }: { readonly print: (line: string) => void; readonly tell: (line: string) => void },
): Promise<string | undefined> {
  for (let seed = 1; seed <= mutation.seeds; seed += 1) {
    const directory = join(root, `${mutation.name}-${seed}`);
    mkdirSync(directory, { recursive: true });
    const historyFile = historyFileOf(root, seed, mutation.name);
    const { profile } = mutation;
    const options = { seed, minutes: MINUTES, profile, mutation, directory, historyFile, tell };
    const played = await run(options).catch((error: unknown) => {
      print(`${mutation.name}: seed ${seed} could not be run: ${(error as Error).stack}`);
    });
    const first = played?.violations.find(({ rule }) => mutation.breaks.includes(rule));
    if (first !== undefined) {
      return `found with seed ${seed} of ${mutation.seeds}: ${first.rule} ${first.operations.join(', ')}: ${first.says}`;
    }
  }
  return undefined;
}
