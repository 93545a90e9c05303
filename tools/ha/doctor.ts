import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { REGIONKIT } from '../regionkit.ts';
import type { Cluster } from './cluster.ts';
import { CONFIG, inDirectory } from './in-directory.ts';
import { REGIONS } from './postgres.ts';

/** What a whole cluster must not have. Its settings may be bad, and are: a drill needs no fsync. */
const REPLICATION = new Set([
  'two-writers',
  'no-writer',
  'unreachable',
  'no-pg-monitor',
  'foreign-system',
  'old-timeline',
  'not-streaming',
  'receiver-silent',
  'standby-behind',
  'replay-paused',
  'replay-behind',
  'standby-settings',
]);

export interface Examined {
  /** `level id where` of each finding. */
  readonly found: readonly string[];
  /** Undefined if the doctor found what it must, and nothing that a whole cluster does not have. */
  readonly wrong: string | undefined;
}

/** Runs `regionkit doctor` on a cluster that is whole. */
export async function examine({ nodes, managers = {} }: Cluster, mustFind: string | undefined): Promise<Examined> {
  const regions = Object.fromEntries(
    nodes.map(({ name, url }, at) => [
      REGIONS[at] as string,
      { databases: [url], ...(managers[name] !== undefined && { patroni: managers[name] }) },
    ]),
  );
  const printed = await inDirectory({ regions }, (directory) => doctor(join(directory, CONFIG)));
  const records = printed.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Finding]));
  const findings = records.filter(({ type }) => type === 'finding');
  const found = findings.map(({ level, id, where }) => `${level} ${id} ${where}`);
  const bad = findings.filter(({ id }) => REPLICATION.has(id));
  if (records.at(-1)?.type !== 'result') return { found, wrong: `it did not end: ${printed}` };
  if (bad.length > 0) return { found, wrong: bad.map(({ evidence }) => evidence).join(' ') };
  if (mustFind !== undefined && findings.every(({ id }) => id !== mustFind)) {
    return { found, wrong: `it did not find ${mustFind}` };
  }
  return { found, wrong: undefined };
}

interface Finding {
  readonly type: string;
  readonly id: string;
  readonly level: string;
  readonly where: string;
  readonly evidence: string;
}

const doctor = (config: string): Promise<string> =>
  new Promise((resolve) => {
    const args = [...REGIONKIT, 'doctor', '--json', '--config', config];
    // Findings make the exit code 1.
    execFile(process.execPath, args, { timeout: 60_000 }, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
