import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkHistory } from './check/check.ts';
import { type Flags, readFlags, USAGE } from './flags.ts';
import { readHistory } from './history/file.ts';
import { MUTANTS } from './mutants/mutants.ts';
import { proveMutants } from './prove-mutants.ts';
import { historyFileOf, run } from './run.ts';
import { explain, holds, type Summary, summarise, summaryLine, totalLine } from './summary.ts';

/** `prove`: plays seeds and checks what clients saw. Exits 1 if a promise was broken. */
const print = (line = ''): void => void process.stdout.write(`${line}\n`);

async function main(flags: Flags): Promise<boolean> {
  if (flags.check !== undefined) {
    const entries = readHistory(flags.check);
    const violations = checkHistory(entries);
    print(summaryLine(summarise(entries, violations)));
    for (const line of explain(entries, violations)) print(line);
    return violations.length === 0;
  }
  mkdirSync(flags.directory, { recursive: true });
  if (flags.mutants) return proveMutants({ ...flags, print });

  const summaries: Summary[] = [];
  let failed = 0;
  for (const seed of flags.seeds) {
    const summary = await proveSeed(seed, flags).catch((error: unknown) => {
      print(`seed ${seed}: could not be run: ${(error as Error).stack}`);
    });
    if (summary === undefined) failed += 1;
    else summaries.push(summary);
  }
  if (flags.seeds.length > 1) print(totalLine(summaries, failed));
  return failed === 0 && summaries.every(holds);
}

async function proveSeed(seed: number, flags: Flags): Promise<Summary> {
  const { minutes, profile, verbose } = flags;
  const mutation = MUTANTS.find(({ name }) => name === flags.mutant);
  const directory = join(flags.directory, `seed-${seed}`);
  mkdirSync(directory, { recursive: true });
  const historyFile = flags.out ?? historyFileOf(flags.directory, seed, mutation?.name);
  const tell = (line: string): void => void (verbose && print(line));
  const { entries, violations } = await run({ seed, minutes, profile, mutation, directory, historyFile, tell });
  const summary = summarise(entries, violations);
  print(summaryLine(summary));
  if (!holds(summary)) {
    for (const line of explain(entries, violations)) print(line);
    const again = [
      'npx -y pnpm@10 prove',
      `--seed ${seed}`,
      `--minutes ${minutes}`,
      ...(profile ? [`--profile ${profile}`] : []),
    ];
    print(`   the history is in ${historyFile}; again: ${again.join(' ')}`);
  }
  return summary;
}

const flags = readFlags(process.argv.slice(2));
if (typeof flags === 'string') {
  process.stderr.write(`prove: ${flags}\n${USAGE}\n`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exit((await main(flags)) ? 0 : 1);
