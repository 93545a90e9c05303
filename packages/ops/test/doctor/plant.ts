import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lab, LabRegion } from '@regionkit/lab';
import type { OperationsConfig } from '../../src/config/config.ts';
import type { Finding } from '../../src/records/record.ts';
import { type Ran, run } from '../run.ts';
import { FENCED } from './fleet.ts';

/** A setup without faults. The lab itself gives up durability for speed, which is one. */
export const HEALTHY = { fsync: true, wal_log_hints: true } as const;

export const findings = ({ records }: Ran): readonly Finding[] => records.filter((record) => record.type === 'finding');

/** `level id where` of each finding. */
export const found = (ran: Ran): readonly string[] =>
  findings(ran).map(({ level, id, where }) => `${level} ${id} ${where}`);

export const regionsOf = (lab: Lab): OperationsConfig['regions'] =>
  Object.fromEntries(lab.regions.map((region) => [region.name, { databases: [region.connectionString] }]));

/** Runs the doctor with a configuration in a directory of its own. */
export async function doctor(config: OperationsConfig, ...args: string[]): Promise<Ran> {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-ops-'));
  try {
    await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify({ failover: FENCED, ...config }));
    return await run(['doctor', '--json', ...args], { directory });
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Asks until it is so; the test's own time limit ends it otherwise. */
export async function eventually(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Sets a setting of a running server, as an operator does, and waits until sessions see it. */
export async function alter(region: LabRegion, name: string, value: string | undefined): Promise<void> {
  const before = await region.query<{ at: string }>('SELECT pg_conf_load_time()::text AS at');
  await region.query(value === undefined ? `ALTER SYSTEM RESET ${name}` : `ALTER SYSTEM SET ${name} = ${value}`);
  await region.query('SELECT pg_reload_conf()');
  await eventually(async () => {
    const now = await region.query<{ at: string }>('SELECT pg_conf_load_time()::text AS at');
    return now[0]?.at !== before[0]?.at;
  });
}

/** Writes so many segments of WAL (16 MB each). */
export async function writeSegments(region: LabRegion, count: number): Promise<void> {
  for (let written = 0; written < count; written += 1) {
    await region.query("SELECT pg_logical_emit_message(false, 'regionkit', 'x')");
    await region.query('SELECT pg_switch_wal()');
  }
}
