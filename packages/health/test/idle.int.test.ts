import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** How a process that runs this fixture ended, and what it said. */
async function run(fixture: string): Promise<{ readonly code: unknown; readonly said: string }> {
  const file = fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', '-C', '@regionkit/source', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, said };
}

test('nothing health runs in the background keeps a process alive', async () => {
  expect(await run('idle-app.ts')).toEqual({ code: 0, said: '' });
});

test('a process that waits for ready() lives until it is', async () => {
  expect(await run('ready-app.ts')).toEqual({ code: 0, said: 'up\n' });
});
