import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Command } from '../../src/command.ts';
import { EXIT } from '../../src/exit-codes.ts';
import { run } from '../run.ts';
import { fakeServer } from './fake-server.ts';
import { PRIMARY, STANDBY } from './fleet.ts';
import { doctor, found } from './plant.ts';

/** A warning in us, a fault in eu, and a warning of the fleet. */
async function three(...args: readonly string[]): ReturnType<typeof doctor> {
  const us = { ...PRIMARY, nowMs: Date.now(), pendingRestart: ['shared_buffers'], unloggedTables: ['cache'] };
  const eu = { ...STANDBY, nowMs: Date.now(), replayPaused: true };
  const regions = { us: { databases: [await fakeServer(() => us)] }, eu: { databases: [await fakeServer(() => eu)] } };
  return doctor({ regions }, ...args);
}

const ALL = ['fault replay-paused eu/0', 'warning pending-restart us/0', 'warning unlogged-tables fleet'];

describe('regionkit doctor', () => {
  it('exits with 1 for a fault, and sums up', async () => {
    const ran = await three();
    expect(found(ran)).toEqual(ALL);
    expect(ran.exit).toBe(EXIT.fault);
    expect(ran.records.at(-1)).toMatchObject({
      summary: expect.stringMatching(/^\d+ checks of 2 servers: 1 faults?, 2 warnings, 0 not known\.$/),
    });
  });

  it('--region leaves out what other regions have', async () => {
    const ran = await three('--region', 'us');
    expect(found(ran)).toEqual(ALL.slice(1));
    expect(ran.exit).toBe(EXIT.ok);
    expect(found(await three('--region', 'us', '--region', 'eu'))).toEqual(ALL);
  });

  it('--region refuses a region that the configuration does not have', async () => {
    const ran = await three('--region', 'ap');
    expect(ran.stderr).toBe('regionkit doctor: --region: the configuration has no such region; it has us, eu\n');
    expect(ran.exit).toBe(EXIT.usage);
  });

  it('--only runs one check', async () => {
    expect(found(await three('--only', 'pending-restart'))).toEqual(['warning pending-restart us/0']);
    expect((await three('--only', 'no-such-check')).exit).toBe(EXIT.usage);
  });

  it('--only does not pass where a server did not answer, or where nothing was asked', async () => {
    const us = await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now() }));
    const regions = { us: { databases: [us] }, eu: { databases: ['postgres://monitor:x@127.0.0.1:9/app'] } };
    const silent = await doctor({ regions }, '--only', 'not-streaming');
    expect(found(silent)).toEqual(['unknown not-streaming eu/0']);
    expect(silent.exit).toBe(EXIT.unknown);
    expect((await doctor({ regions }, '--only', 'not-streaming', '--region', 'us')).exit).toBe(EXIT.ok);
    const unasked = await doctor({ regions }, '--only', 'secrets-differ');
    expect(found(unasked)).toEqual(['unknown secrets-differ fleet']);
    expect(unasked.exit).toBe(EXIT.unknown);
    // One that says by itself what it could not see says it once.
    expect(found(await doctor({ regions }, '--only', 'unreachable'))).toEqual(['unknown unreachable eu/0']);
  });

  it('counts in the same words where it has found nothing', async () => {
    const us = await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now() }));
    const ran = await doctor({ regions: { us: { databases: [us] } } }, '--only', 'pending-restart');
    expect(ran.records.at(-1)).toMatchObject({ summary: '1 check of 1 server: 0 faults, 0 warnings, 0 not known.' });
  });

  it('--strict takes a warning for a fault', async () => {
    expect((await three('--only', 'pending-restart')).exit).toBe(EXIT.ok);
    expect((await three('--only', 'pending-restart', '--strict')).exit).toBe(EXIT.fault);
  });

  it('--junit writes the findings, and refuses a file that cannot be written before it asks anything', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'regionkit-junit-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'doctor.xml');
    await three('--junit', file);
    expect(readFileSync(file, 'utf8')).toContain('tests="3" failures="1" errors="0"');
    const ran = await three('--junit', join(directory, 'nowhere', 'doctor.xml'));
    expect(ran.stderr).toBe('regionkit doctor: --junit: the file cannot be written (ENOENT)\n');
    expect(ran.exit).toBe(EXIT.usage);
    expect(ran.stdout).toBe('');
  });

  it('--junit that has no room at the end leaves the exit code of the command, and 2 says that nothing was done', async () => {
    for (const [exit, expected] of [
      [EXIT.partly, EXIT.partly],
      [EXIT.ok, EXIT.unknown],
    ] as const) {
      const directory = mkdtempSync(join(tmpdir(), 'regionkit-junit-'));
      const full: Command = {
        ...{ name: 'full', summary: '', usage: '', options: {}, examples: [] },
        run: async () => {
          rmSync(directory, { recursive: true });
          return { exit, summary: 'A part was done.' };
        },
      };
      const ran = await run(['full', '--junit', join(directory, 'a.xml')], { commands: [full] });
      expect(ran.exit).toBe(expected);
      expect(ran.stdout).toBe('A part was done.\n');
      expect(ran.stderr).toMatch(
        new RegExp(`--junit: the file cannot be written \\(ENOENT\\)\\. The result above is right: ${exit}\n$`),
      );
    }
  });

  it.each([['--regin'], ['--region'], ['--json=yes']])('refuses %s', async (argument) => {
    const ran = await three(argument);
    expect(ran.exit).toBe(EXIT.usage);
    expect(ran.stderr).toMatch(/\(regionkit doctor --help\)\n$/);
  });

  it('refuses a word that belongs to no option', async () => {
    const ran = await three('us');
    expect(ran.exit).toBe(EXIT.usage);
    expect(ran.stderr).toBe('regionkit doctor: "us" belongs to no option (regionkit doctor --help)\n');
  });
});
