import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const SCRIPT = `
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import pg from 'pg';
const regions = defineRegions({ self: 'a', all: { a: { origin: 'https://a.example.com' } } });
const router = createRegionRouter({
  regions,
  pools: { a: new pg.Pool({ host: '127.0.0.1', port: 1 }) },
  probe: { alertMs: 10 },
});
// This timer holds nothing: it is reached only if something else keeps the process alive.
router.on('probe-failed', () => setTimeout(() => process.exit(0), 200).unref());
await router.ready();
`;

it('a process that awaits ready() while no database answers does not end in the middle of it, with status 13', async () => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '-C', '@regionkit/source', '--input-type=module', '--eval', SCRIPT],
    { cwd: fileURLToPath(new URL('../../', import.meta.url)), stdio: ['ignore', 'ignore', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  expect(await once(child, 'exit')).toEqual([0, null]);
});
