import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { REGIONKIT } from '../../../../tools/regionkit.ts';
import { EXIT } from '../../src/exit-codes.ts';
import { loadModules } from '../../src/gameday/local/modules.ts';
import type { OpsRecord } from '../../src/records/record.ts';
import { type Ran, run } from '../run.ts';

/** Starts the command as a user does. */
function start(cwd: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [...REGIONKIT, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

it('gameday run --serve: doors and the drill can be asked, a second command is refused, and Ctrl-C ends it with a whole journal', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-gameday-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const args = ['gameday', 'run', '--local', '--scenario', 'isolation'];
  // The second command needs them at once.
  await loadModules();
  const child = start(directory, ...args, '--serve', '--json');
  let complaints = '';
  child.stderr?.on('data', (chunk) => {
    complaints += String(chunk);
  });
  const ended = once(child, 'exit');

  let url: string | undefined;
  let token: string | undefined;
  let second: Ran | undefined;
  let last = '';
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    last = line;
    const record = JSON.parse(line) as OpsRecord;
    // It has ended before its fault, and says why.
    if (record.type === 'measured') break;
    // Now, while its regions start: the drill does not wait for it.
    if (record.type === 'drill') second = await run(args, { directory });
    if (record.type !== 'step') continue;
    if (record.where === 'eu-west-1') url ??= /http:\/\/127\.0\.0\.1:\d+/.exec(record.evidence)?.[0];
    token ??= /Bearer (\S+)/.exec(record.evidence)?.[1];
    if (record.name === 'inject') break;
  }
  expect(JSON.parse(last), `${last} ${complaints}`).toMatchObject({ type: 'step', name: 'inject', state: 'done' });
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

  child.kill('SIGINT');
  const [code] = await ended;
  expect(complaints).toBe('');
  expect(code).toBe(EXIT.interrupted);
  await expect(fetch(`${url}/drill/status`)).rejects.toThrow();
  expect(second?.exit).toBe(EXIT.refused);
  expect(second?.stdout).toMatch(new RegExp(`Process ${child.pid} works with the journals of this directory already`));

  const [name = ''] = await readdir(join(directory, 'gameday'));
  const journal = await readFile(join(directory, 'gameday', name), 'utf8');
  expect(JSON.parse(journal.trimEnd().split('\n').at(-1) ?? '')).toEqual({
    type: 'result',
    exit: EXIT.interrupted,
    summary: 'isolation: interrupted.',
  });
  // The token is for who started the command. A journal is kept.
  expect(journal).not.toContain(token);
}, 600_000);
