import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { REGIONKIT } from '../../../tools/regionkit.ts';
import type { OperationsConfig } from '../src/config/config.ts';
import { fakeServer } from './doctor/fake-server.ts';
import { PRIMARY } from './doctor/fleet.ts';

/** Starts the command as a user does, in a directory with this configuration. */
function start(config: OperationsConfig, args: readonly string[], stdout: 'pipe' | number = 'pipe'): ChildProcess {
  const directory = mkdtempSync(join(tmpdir(), 'regionkit-cli-'));
  writeFileSync(join(directory, 'regionkit.config.json'), JSON.stringify(config));
  const child = spawn(process.execPath, [...REGIONKIT, ...args], {
    cwd: directory,
    stdio: ['ignore', stdout, 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });
  return child;
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) text += String(chunk);
  return text;
}

/** A server that accepts connections and says nothing. */
async function silentServer(): Promise<{ readonly url: string; readonly accepted: Promise<Socket> }> {
  const server = createServer();
  const accepted = once(server, 'connection').then(([socket]) => socket as Socket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `postgres://monitor:x@127.0.0.1:${(server.address() as { port: number }).port}/app`, accepted };
}

describe('the command line as a process', () => {
  it.each(['SIGINT', 'SIGHUP'] as const)(
    'ends with 130 at %s, closes what it opened, and reports nothing it did not examine',
    async (signal) => {
      const { url, accepted } = await silentServer();
      const child = start({ regions: { us: { databases: [url] } } }, ['doctor', '--json']);
      const printed = textOf(child.stdout);
      const socket = await accepted;
      const closed = once(socket.on('error', () => {}).resume(), 'close');
      child.kill(signal);
      const [code] = await once(child, 'exit');
      await closed;
      expect(code).toBe(130);
      expect(JSON.parse(await printed)).toEqual({ type: 'result', exit: 130, summary: 'interrupted' });
    },
  );

  it('asks twelve servers at the same time without a warning of Node', async () => {
    const databases = await Promise.all(
      Array.from({ length: 12 }, () => fakeServer(() => ({ ...PRIMARY, nowMs: Date.now() }))),
    );
    const child = start({ regions: { us: { databases } } }, ['doctor']);
    child.stdout?.resume();
    const complaints = textOf(child.stderr);
    await once(child, 'exit');
    expect(await complaints).toBe('');
  });

  it('goes on when nobody reads any more, and keeps its exit code', async () => {
    const url = await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now(), archiveFails: true }));
    const child = start({ regions: { us: { databases: [url] } } }, ['doctor']);
    child.stdout?.destroy();
    const complaints = textOf(child.stderr);
    const [code] = await once(child, 'exit');
    expect(code).toBe(1);
    expect(await complaints).toBe('');
  });

  it.runIf(existsSync('/dev/full')).each([
    [1, true],
    [3, false],
  ])(
    'goes on when its output has no room on the disk, says that it is not whole, and ends with %i',
    async (expected, archiveFails) => {
      const url = await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now(), archiveFails }));
      const full = openSync('/dev/full', 'w');
      onTestFinished(() => closeSync(full));
      const child = start({ regions: { us: { databases: [url] } } }, ['doctor'], full);
      const complaints = textOf(child.stderr);
      const [code] = await once(child, 'exit');
      expect(await complaints).toBe('regionkit: the output is not whole: it cannot be written (ENOSPC)\n');
      expect(code).toBe(expected);
    },
  );
});
