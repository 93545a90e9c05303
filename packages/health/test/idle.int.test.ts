import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('nothing health runs in the background keeps a process alive', async () => {
  const child = fork(fileURLToPath(new URL('fixtures/idle-app.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '-C', '@regionkit/source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  // The channel to us would keep it alive.
  child.disconnect();
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
});
