import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationsConfig } from '../src/config/config.ts';
import type { Finding } from '../src/records/record.ts';
import { type Ran, run } from './run.ts';

let lab: Lab<'us' | 'eu'>;
let directory: string;

beforeAll(async () => {
  lab = await createLab({ regions: ['us', 'eu'], monitor: true });
  directory = await mkdtemp(join(tmpdir(), 'regionkit-ops-'));
});

afterAll(async () => {
  await lab?.close();
  if (directory !== undefined) await rm(directory, { recursive: true });
});

async function doctor(config: Partial<OperationsConfig> = {}, ...args: string[]): Promise<Ran> {
  const regions = Object.fromEntries(
    lab.regions.map((region) => [region.name, { databases: [region.connectionString] }]),
  );
  await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify({ regions, ...config }));
  return run(['doctor', '--json', ...args], { directory });
}

const findings = ({ records }: Ran): readonly Finding[] => records.filter((record) => record.type === 'finding');
const ids = (ran: Ran): readonly string[] => findings(ran).map(({ id, where }) => `${id} ${where}`);

describe('regionkit doctor on real servers', () => {
  it('finds nothing in a healthy setup', async () => {
    const ran = await doctor();
    expect(ids(ran)).toEqual([]);
    expect(ran.exit).toBe(0);
    expect(ran.records.at(-1)).toMatchObject({ type: 'result', exit: 0 });
  });

  it('finds a standby whose replay is paused, and nothing else', async () => {
    await lab.region('eu').query('SELECT pg_wal_replay_pause()');
    try {
      const ran = await doctor();
      expect(ids(ran)).toEqual(['replay-paused eu/0']);
      expect(ran.exit).toBe(1);
    } finally {
      await lab.region('eu').query('SELECT pg_wal_replay_resume()');
    }
  });

  it('says what it could not examine, and exits with 3, without the password', async () => {
    const us = lab.region('us').connectionString;
    const wrong = new URL(us);
    wrong.password = 'not-the-secret';
    const ran = await doctor({ regions: { us: { databases: [us] }, eu: { databases: [wrong.href] } } });
    expect(ids(ran)).toEqual(['unreachable eu/0']);
    expect(findings(ran)[0]).toMatchObject({ level: 'unknown' });
    expect(ran.exit).toBe(3);
    expect(ran.stdout + ran.stderr).not.toContain('not-the-secret');
  });
});
