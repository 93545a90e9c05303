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
import { misunderstood } from './understood.ts';

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

describe('the examples of the other commands are understood', () => {
  const examples = COMMANDS.filter(({ name }) => name !== 'doctor').flatMap((command) => command.examples);

  it.each(examples)('%s', async (example) => {
    expect(await misunderstood(example)).toBeUndefined();
  });

  it.each([
    ['regionkit failover resum --execute', /it did not say|exit 2/],
    ['regionkit status --wach', /exit 2/],
    ['regionkit reset', /exit 2/],
    ['region status', /the program is region/],
  ])('%s is not', async (example, why) => {
    expect(await misunderstood(example)).toMatch(why);
  });
});

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
