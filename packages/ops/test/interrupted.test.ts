import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../src/commands.ts';
import { run } from './run.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'regionkit-interrupted-'));
  const region = { databases: ['postgresql://ops@127.0.0.1:1/app'], origin: 'http://127.0.0.1:1' };
  const config = {
    regions: { us: region, eu: { ...region, databases: ['postgresql://ops@127.0.0.1:1/other'] } },
    operatorToken: 'a token of operators for the tests, long',
    failover: { appRoles: ['app'] },
  };
  await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify(config));
});
afterAll(() => rm(directory, { recursive: true }));

const LINES: readonly (readonly string[])[] = [
  ['doctor'],
  ['status'],
  ['smoke-test', '--region', 'us'],
  ['epoch', 'show'],
  ['epoch', 'reset', '--why', 'x', '--execute'],
  ['failover', 'plan', '--from', 'us'],
  ['failover', 'confirm', '--from', 'us'],
  ['failover', 'run', '--from', 'us', '--execute'],
  ['fence', '--region', 'us', '--execute'],
  ['fence', '--region', 'us', '--undo', '--execute'],
  ['tail', 'status'],
  ['tail', 'install', '--execute', '--role', 'app'],
  ['tail', 'drop', '--execute'],
  ['salvage', '--old', 'us', '--new', 'eu', '--out', 'lost'],
];

/** What was not asked to its end is no answer: it must not look like a region that is lost, or like a refusal. */
describe('a command that is interrupted while it asks', () => {
  it.each(LINES)('%s %s', async (...args) => {
    const given = args.filter((one) => one !== undefined);
    const ran = await run([...given, '--json'], { directory, signal: AbortSignal.abort() });
    expect(ran.exit, ran.stdout + ran.stderr).toBe(130);
    expect(ran.records.filter((one) => one.type === 'finding' && one.level !== 'note')).toEqual([]);
    expect(ran.stderr).toBe('');
    const runs = await readdir(join(directory, 'runs')).catch(() => []);
    expect(runs).toEqual([]);
  });

  it('is every command that asks servers', () => {
    // A game day ends what it has begun, and has tests of its own.
    const named = new Set([...LINES.map(([name]) => name), 'gameday']);
    expect(COMMANDS.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
  });
});
