import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { REGIONKIT } from '../../../../tools/regionkit.ts';
import { EXIT } from '../../src/exit-codes.ts';
import type { OpsRecord } from '../../src/records/record.ts';
import { run } from '../run.ts';

/** Starts the command as a user does. */
function start(cwd: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [...REGIONKIT, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

it('gameday run --serve: doors and the drill can be asked, a second command is refused, and Ctrl-C ends it with a whole journal', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-gameday-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const child = start(directory, 'gameday', 'run', '--local', '--scenario', 'isolation', '--serve', '--json');
  let complaints = '';
  child.stderr?.on('data', (chunk) => {
    complaints += String(chunk);
  });
  const ended = once(child, 'exit');

  let url: string | undefined;
  let token: string | undefined;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const record = JSON.parse(line) as OpsRecord;
    if (record.type !== 'step') continue;
    if (record.where === 'eu-west-1') url ??= /http:\/\/127\.0\.0\.1:\d+/.exec(record.evidence)?.[0];
    token ??= /Bearer (\S+)/.exec(record.evidence)?.[1];
    if (record.name === 'inject') break;
  }
  const status = await (await fetch(`${url}/drill/status`)).json();
  expect(status).toMatchObject({
    scenario: 'isolation',
    state: 'running',
    faultAtMs: expect.any(Number),
    phases: [{ name: 'detect' }, { name: 'write' }, { name: 'stable' }],
  });
  expect((await fetch(`${url}/operator/status`)).status).toBe(401);
  const door = await fetch(`${url}/operator/status`, { headers: { authorization: `Bearer ${token}` } });
  expect(await door.json()).toMatchObject({ region: 'eu-west-1' });

  const second = await run(['gameday', 'run', '--local', '--scenario', 'isolation'], { directory });
  expect(second.exit).toBe(EXIT.refused);
  expect(second.stdout).toMatch(new RegExp(`Process ${child.pid} works with the journals of this directory already`));

  child.kill('SIGINT');
  const [code] = await ended;
  expect(complaints).toBe('');
  expect(code).toBe(EXIT.interrupted);
  await expect(fetch(`${url}/drill/status`)).rejects.toThrow();
  const [name = ''] = await readdir(join(directory, 'gameday'));
  const journal = await readFile(join(directory, 'gameday', name), 'utf8');
  expect(JSON.parse(journal.trimEnd().split('\n').at(-1) ?? '')).toEqual({
    type: 'result',
    exit: EXIT.interrupted,
    summary: 'isolation: interrupted.',
  });
  // The token is for who started the command. A journal is kept.
  expect(journal).not.toContain(token);
});
