import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../src/exit-codes.ts';
import { run } from './run.ts';

// No server listens at the discard port: each command gets as far as its first question.
const NOWHERE = { origin: 'http://127.0.0.1:9', databases: ['postgres://app@127.0.0.1:9/app'] };

/** What an example needs beside a configuration. Without it the command says so, and has understood the example. */
const NEEDS: readonly (readonly [example: RegExp, says: RegExp])[] = [
  [/^regionkit failover (?:resume|abort) /, /run/],
  [/^regionkit salvage --run /, /run file cannot be read/],
  [/^regionkit gameday (?:report|trend)/, /journal/],
  // No region of the test has the origin of an example.
  [/ --resolve /, /has the origin app-\w+\.example\.com:443/],
];

/** Runs a line such as `regionkit doctor` in this process, where no server answers. @returns why it is not understood */
export async function misunderstood(
  line: string,
  regions: readonly string[] = ['us-east-1', 'eu-west-1'],
): Promise<string | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'regionkit-help-'));
  try {
    const settings = {
      regions: Object.fromEntries(regions.map((name) => [name, NOWHERE])),
      operatorToken: 'x'.repeat(40),
      failover: { appRoles: ['app'], hooks: { fence: [{ command: ['true'] }] } },
    };
    writeFileSync(join(directory, 'regionkit.config.json'), JSON.stringify(settings));
    const [program, ...args] = wordsOf(line);
    if (program !== 'regionkit') return `the program is ${program}`;
    const { exit, stderr, stdout } = await run(args, { directory, tty: true, signal: AbortSignal.timeout(2_000) });
    const needs = NEEDS.find(([example]) => example.test(line))?.[1];
    if (needs !== undefined)
      return needs.test(stderr + stdout) ? undefined : `it did not say ${needs}: ${stderr}${stdout}`;
    return exit === EXIT.usage || stderr !== '' ? `exit ${exit}: ${stderr}${stdout}` : undefined;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The words of a line of a shell, without what is written into a file. */
export function wordsOf(line: string): string[] {
  const [command = ''] = line.split(' > ');
  return [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
}
