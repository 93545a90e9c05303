import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ran } from '../run.ts';
import { createSetup, type Setup, writersOf } from './lab-setup.ts';
import { mountSmallDisk } from './small-disk.ts';

const disk = mountSmallDisk();
const runs = disk?.path ?? '';
const filler = join(runs, 'filler');
let setup: Setup;

beforeAll(async () => {
  if (disk !== undefined) setup = await createSetup();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
  disk?.[Symbol.dispose]();
});

const ops = (...args: string[]): Promise<Ran> => setup.ops('failover', ...args, '--runs', runs);
const summaryOf = ({ records }: Ran): string => {
  const last = records.at(-1);
  return last?.type === 'result' ? last.summary : '';
};

/** The hook of the fence takes the last room, as a log beside the run files does. A line may still fit: up to the end of the page. */
async function switchOver(code: 0 | 1): Promise<Ran> {
  const hook = join(setup.directory, 'hook.mjs');
  const fill = `import { openSync, writeSync } from 'node:fs';
const file = openSync(${JSON.stringify(filler)}, 'w');
try { for (;;) writeSync(file, Buffer.alloc(512)); } catch {}
process.exitCode = ${code};`;
  await writeFile(hook, fill);
  await setup.configure({ failover: { hooks: { fence: [{ command: [process.execPath, hook] }] } } });
  const ran = await ops('run', '--mode', 'switchover', '--to', 'eu', '--stable', '1s', '--execute');
  expect(ran.exit, ran.stdout + ran.stderr).toBe(5);
  expect(ran.stderr).toBe('');
  return ran;
}

// Only root can mount.
describe.runIf(disk !== undefined)('a switchover whose run files have no room left in the middle of the fence', () => {
  it('can do nothing while the disk is full, and is given up when there is room', async () => {
    await switchOver(1);
    expect(await writersOf(setup)).toEqual(['us']);
    const app = setup.lab.region('us').pool({ max: 1 });
    await expect(app.query('SELECT 1')).rejects.toMatchObject({ code: '28000' });
    // The lock of the command that has ended has left a page.
    await appendFile(filler, Buffer.alloc(65_536)).catch(() => {});
    for (const verb of ['resume', 'abort']) {
      const full = await ops(verb, '--execute');
      expect([verb, full.exit], full.stdout + full.stderr).toEqual([verb, 2]);
    }
    await expect(app.query('SELECT 1')).rejects.toMatchObject({ code: '28000' });
    await rm(filler);
    const aborted = await ops('abort', '--execute');
    // What the hook did is undone by hand.
    expect(aborted.exit, aborted.stdout + aborted.stderr).toBe(5);
    await app.query('SELECT 1');
  });

  it('stops at the line that does not fit, and goes on by resume when there is room', async () => {
    const stopped = await switchOver(0);
    expect(summaryOf(stopped)).toMatch(
      /\(ENOSPC\).* A part was done\. Make room on the disk of .* regionkit failover resume/,
    );
    const names = stopped.records.flatMap((one) => (one.type === 'step' && one.state === 'done' ? [one.name] : []));
    expect(names).not.toContain('told');
    await rm(filler);
    await setup.configure();
    const resumed = await ops('resume', '--execute');
    expect(resumed.exit, resumed.stdout + resumed.stderr).toBe(0);
    expect(await writersOf(setup)).toContain('eu');
    await setup.lab.region('eu').pool({ max: 1 }).query('SELECT 1');
  });
});
