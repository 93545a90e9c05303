// The cost of `regionkit salvage`: `node --import tsx -C @regionkit/source tools/salvage/run.ts [rows] [lost, …]`.
// A table of so many rows, then so many lost transactions over it, each time on a new lab; the command runs in a process
// of its own, and its peak memory is what the kernel says of it.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLab } from '../../packages/lab/src/index.ts';
import { MAKE_TAIL_SLOT } from '../../packages/ops/test/tail-slot.ts';
import { REGIONKIT } from '../regionkit.ts';

const [rows = 1_000_000, ...counts] = process.argv.slice(2).map(Number);
const WRITERS = 8;

for (const lost of counts.length === 0 ? [2_000, 20_000] : counts) console.log(JSON.stringify(await measure(lost)));

async function measure(lost: number): Promise<object> {
  await using lab = await createLab({
    regions: ['us', 'eu'],
    settings: { wal_level: 'logical', shared_buffers: '512MB', max_wal_size: '4GB', wal_keep_size: '4GB' },
    onProgress: () => {},
  });
  const [us, eu] = [lab.region('us'), lab.region('eu')];
  await us.query(`CREATE EXTENSION pg_walinspect;
    CREATE TABLE account (id bigint PRIMARY KEY, owner text, balance numeric, pad text);
    CREATE TABLE event (id bigserial PRIMARY KEY, account bigint, body jsonb);
    INSERT INTO account SELECT g, 'o' || g, 0, repeat('x', 100) FROM generate_series(1, ${rows}) g;`);
  await lab.caughtUp({ timeoutMs: 600_000 });
  await us.query(MAKE_TAIL_SLOT);
  await us.partition();
  const pool = us.pool({ max: WRITERS });
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < lost) {
      next += 1;
      const n = next;
      if (n % 3 === 0)
        await pool.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [1 + ((n * 7_919) % rows)]);
      else if (n % 50 === 1) await pool.query('DELETE FROM account WHERE id = $1', [1 + ((n * 104_729) % rows)]);
      else await pool.query('INSERT INTO event (account, body) VALUES ($1, $2)', [n, '{"kind": "lost"}']);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  await us.kill();
  await lab.failover({ to: 'eu' });
  await eu.query(
    `UPDATE account SET balance = balance + 5 WHERE id IN (SELECT 1 + (g * 3 * 7919) % ${rows} FROM generate_series(1, 200) g)`,
  );
  await us.heal();
  await us.returnAsIs();
  return { rows, lost, ...(await salvage({ us: us.adminConnectionString, eu: eu.adminConnectionString })) };
}

async function salvage(urls: Readonly<Record<string, string>>): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-figures-'));
  const regions = Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, { databases: [url] }]));
  await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify({ regions }));
  const args = ['salvage', '--old', 'us', '--new', 'eu', '--out', 'out', '--json'];
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...REGIONKIT, ...args], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let peakMb = 0;
  while (child.exitCode === null) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peakMb = Math.max(peakMb, Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024));
    await sleep(20);
  }
  const tookMs = Math.round(performance.now() - startedMs);
  const summary = JSON.parse(await readFile(join(directory, 'out/summary.json'), 'utf8'));
  await rm(directory, { recursive: true });
  const { lost, completeness, timings } = summary;
  return { exit: child.exitCode, tookMs, peakMb, timings, byClass: lost.byClass, isComplete: completeness.isComplete };
}
