import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdownOf, tableOf } from './soak/report.ts';
import { soak } from './soak/soak.ts';
import { readSoakFlags, SOAK_USAGE } from './soak/soak-flags.ts';

/** `soak`: one load for long, to see what grows. Exits 1 if a bound was broken. */
const print = (line = ''): void => void process.stdout.write(`${line}\n`);

const flags = readSoakFlags(process.argv.slice(2));
if (typeof flags === 'string') {
  process.stderr.write(`soak: ${flags}\n${SOAK_USAGE}\n`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
mkdirSync(flags.directory, { recursive: true });
const { findings, rounds } = await soak(flags, print);
const holds = findings.every((finding) => finding.holds);
const file = join(flags.directory, 'verdict.json');
writeFileSync(file, `${JSON.stringify({ flags, node: process.version, holds, findings, rounds }, undefined, 2)}\n`);
print();
for (const line of tableOf(findings)) print(line);
print();
for (const line of markdownOf(findings)) print(line);
print();
print(
  `${holds ? 'every bound held' : 'BROKEN: a bound, marked above'}; ${file} and samples.jsonl beside it have all of it`,
);
process.exit(holds ? 0 : 1);
