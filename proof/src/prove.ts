import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkHistory } from './check/check.ts';
import { type Flags, readFlags, USAGE } from './flags.ts';
import { readHistory } from './history/file.ts';
import { MUTANTS } from './mutants/mutants.ts';
import { proveMutants } from './prove-mutants.ts';
import { historyFileOf, run } from './run.ts';
import { explain, summarise, summaryLine } from './summary.ts';

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

  const mutation = MUTANTS.find(({ name }) => name === flags.mutant);
  let kept = true;
  for (const seed of flags.seeds) {
    const directory = join(flags.directory, `seed-${seed}`);
    mkdirSync(directory, { recursive: true });
    const historyFile = flags.out ?? historyFileOf(flags.directory, seed, mutation?.name);
    const { entries, violations } = await run({
      seed,
      minutes: flags.minutes,
      profile: flags.profile,
      mutation,
      directory,
      historyFile,
      tell: (line) => flags.verbose && print(line),
    });
    print(summaryLine(summarise(entries, violations)));
    if (violations.length === 0) continue;
    kept = false;
    for (const line of explain(entries, violations)) print(line);
    print(`   the history is in ${historyFile}; again: npx -y pnpm@10 prove --seed ${seed} --minutes ${flags.minutes}`);
  }
  return kept;
}

const flags = readFlags(process.argv.slice(2));
if (typeof flags === 'string') {
  process.stderr.write(`prove: ${flags}\n${USAGE}\n`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exit((await main(flags)) ? 0 : 1);
