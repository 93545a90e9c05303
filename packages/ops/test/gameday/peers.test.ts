import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { FROM_SOURCES } from '../../../../tools/regionkit.ts';
import { EXIT } from '../../src/exit-codes.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** A hook of Node with which the lab is a package that is not installed. */
const HOOK = `export const resolve = (name, context, next) =>
  next(name === '@regionkit/lab' ? '@regionkit/is-not-installed' : name, context);`;
const asModule = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
const REGISTER = `import { register } from 'node:module'; register(${JSON.stringify(asModule(HOOK))});`;

it('gameday run --local without its optional peers says what to install, and does nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-peers-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  // `register` is the hook of every Node that is supported; a newer one warns of it.
  const tsx = ['--no-deprecation', ...FROM_SOURCES, '--import', asModule(REGISTER)];
  const child = spawn(process.execPath, [...tsx, CLI, 'gameday', 'run', '--local'], { cwd: directory });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  expect(stderr).toMatch(
    /^regionkit gameday: --local needs more packages: npm install --save-dev @regionkit\/lab .*\n$/,
  );
  expect([code, stdout]).toEqual([EXIT.usage, '']);
  expect(await readdir(directory)).toEqual([]);
});
