import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { findPostgres, identityOf } from '../../src/process/find.ts';

async function start(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, args, { stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'spawn');
  return child.pid as number;
}

test('another program with the mark in its command line is never found', async () => {
  await start('tail', ['-f', '/dev/null', 'regionkit-lab-Xy12Zw/']);
  await start('/bin/sh', ['-c', 'while :; do sleep 1; done', 'postgres regionkit-lab-Xy12Zw/']);
  expect(findPostgres('regionkit-lab-Xy12Zw/')).toEqual([]);
});

test('a process keeps its identity, and another has another', async () => {
  const pid = await start('sleep', ['60']);
  const mine = identityOf(process.pid);
  expect(mine?.pid).toBe(process.pid);
  expect(identityOf(process.pid)).toEqual(mine);
  expect(identityOf(pid)?.started).not.toBe(mine?.started);
  expect(identityOf(pid)?.world).toBe(mine?.world);
});

test('a process that is not there has none', () => {
  expect(identityOf(2 ** 22 + 1)).toBeUndefined();
});
