import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { COMMANDS } from '../src/commands.ts';
import { doctor } from '../src/doctor/doctor.ts';
import { EXIT } from '../src/exit-codes.ts';
import { fakeServer } from './doctor/fake-server.ts';
import { PRIMARY, STANDBY } from './doctor/fleet.ts';
import { run } from './run.ts';

describe('--help', () => {
  it.each([[], ...COMMANDS.map(({ name }) => [name])])('%s fits a screen of 80 × 24', async (...command) => {
    const { stdout, exit } = await run([...command, '--help']);
    expect(exit).toBe(EXIT.ok);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it.each(doctor.examples)('the example runs: %s', async (example) => {
    const directory = mkdtempSync(join(tmpdir(), 'regionkit-help-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const regions = {
      'us-east-1': { databases: [await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now() }))] },
      'eu-west-1': { databases: [await fakeServer(() => ({ ...STANDBY, nowMs: Date.now() }))] },
    };
    writeFileSync(join(directory, 'regionkit.config.json'), JSON.stringify({ regions }));
    const [program, ...args] = example.split(' ');
    expect(program).toBe('regionkit');
    const { exit, stdout, stderr } = await run(args, { directory });
    expect(stderr).toBe('');
    expect(stdout).not.toBe('');
    expect(exit).toBe(EXIT.ok);
  });
});

/** What an example needs beside a configuration. Without it the command says so, and has understood the example. */
const NEEDS: Readonly<Record<string, RegExp>> = {
  'regionkit failover resume --execute': /run/,
  'regionkit salvage --run runs/20261130-055303-f75d.ndjson --out lost': /run file cannot be read/,
  'regionkit gameday report': /journal/,
  'regionkit gameday trend': /journal/,
};

describe('the examples of the other commands are understood', () => {
  const examples = COMMANDS.filter(({ name }) => name !== 'doctor').flatMap((command) => command.examples);

  it.each(examples)('%s', async (example) => {
    const directory = mkdtempSync(join(tmpdir(), 'regionkit-help-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    // No server listens at the discard port: each command gets as far as its first question.
    const nowhere = { origin: 'http://127.0.0.1:9', databases: ['postgres://app@127.0.0.1:9/app'] };
    const regions = { 'us-east-1': nowhere, 'eu-west-1': nowhere };
    const settings = {
      regions,
      operatorToken: 'x'.repeat(40),
      failover: { appRoles: ['app'], hooks: { fence: [{ command: ['true'] }] } },
    };
    writeFileSync(join(directory, 'regionkit.config.json'), JSON.stringify(settings));
    const [program, ...args] = wordsOf(example);
    expect(program).toBe('regionkit');
    const { exit, stderr, stdout } = await run(args, { directory, tty: true, signal: AbortSignal.timeout(2_000) });
    const needs = NEEDS[example];
    if (needs === undefined)
      expect({ understood: exit !== EXIT.usage, stderr, stdout }).toMatchObject({ understood: true, stderr: '' });
    else expect(stderr + stdout).toMatch(needs);
  });
});

/** The words of a line of a shell, without what is written into a file. */
function wordsOf(line: string): string[] {
  const [command = ''] = line.split(' > ');
  return [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

describe('doctor --explain', () => {
  it('says what a check looks for and why', async () => {
    const { stdout, exit } = await run(['doctor', '--explain', 'two-writers']);
    expect(stdout).toMatch(
      /^two-writers: One server takes writes\. Two servers that take writes diverge.* The kind of incident: Two primaries: GitHub/,
    );
    expect(exit).toBe(EXIT.ok);
  });

  it('names the checks where there is no such one', async () => {
    const { stderr, exit } = await run(['doctor', '--explain', 'nothing']);
    expect(stderr).toMatch(/there is no such check; the checks are two-writers, no-writer, /);
    expect(exit).toBe(EXIT.usage);
  });
});
