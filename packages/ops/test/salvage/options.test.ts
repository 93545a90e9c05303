import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { run } from '../run.ts';

it('salvage names the servers of a region that has several, because one of them must be chosen', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'regionkit-salvage-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const nowhere = 'postgres://ops@127.0.0.1:9/app';
  const regions = { us: { databases: [nowhere, nowhere] }, eu: { databases: [nowhere] } };
  writeFileSync(join(directory, 'regionkit.config.json'), JSON.stringify({ regions }));
  const { exit, stderr } = await run(['salvage', '--old', 'us', '--new', 'eu', '--out', 'lost'], { directory });
  expect(exit).toBe(2);
  expect(stderr).toContain('--old must name one of the servers of us: us/0, us/1');
});
