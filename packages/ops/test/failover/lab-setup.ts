import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLab, type Lab, type Settings } from '@regionkit/lab';
import type { OperationsConfig } from '../../src/config/config.ts';
import { type Ran, run } from '../run.ts';

export type Name = 'us' | 'eu' | 'ap';

/** Three regions, with a role for the operator that has just what the README says. */
export interface Setup extends AsyncDisposable {
  readonly lab: Lab<Name>;
  readonly directory: string;
  configure(config?: Partial<OperationsConfig>): Promise<void>;
  ops(...args: string[]): Promise<Ran>;
}

const RIGHTS = `
CREATE ROLE ops LOGIN PASSWORD 'ops' CREATEROLE;
GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO ops;
GRANT app TO ops WITH ADMIN OPTION;
GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO ops;
CREATE SCHEMA IF NOT EXISTS regionkit;
GRANT USAGE, CREATE ON SCHEMA regionkit TO ops WITH GRANT OPTION;`;

export async function createSetup(settings: Settings = {}): Promise<Setup> {
  // A short timeout of the receivers: a partition is noticed soon.
  const lab = await createLab({ regions: ['us', 'eu', 'ap'], settings: { wal_receiver_timeout: '2s', ...settings } });
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-ops-'));
  await lab.region('us').query(RIGHTS);
  await lab.caughtUp();
  const setup: Setup = {
    lab,
    directory,
    async configure(config = {}) {
      const regions = Object.fromEntries(
        lab.regions.map(({ name, connectionString }) => [
          name,
          { databases: [asOps(connectionString)], app: connectionString },
        ]),
      );
      await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify({ regions, ...config }));
    },
    ops: (...args) => run([...args, '--json'], { directory }),
    async [Symbol.asyncDispose]() {
      await lab.close();
      await rm(directory, { recursive: true });
    },
  };
  await setup.configure();
  return setup;
}

function asOps(connectionString: string): string {
  const url = new URL(connectionString);
  url.username = 'ops';
  url.password = 'ops';
  return url.href;
}

/** The region whose server alone takes writes, as the servers say. */
export async function writersOf({ lab }: Setup): Promise<readonly Name[]> {
  const up = lab.regions.filter(({ status }) => status === 'up');
  const answers = await Promise.all(
    up.map(async (region) => ({
      name: region.name,
      rows: await region.query<{ writes: boolean }>('SELECT NOT pg_is_in_recovery() AS writes'),
    })),
  );
  return answers.flatMap(({ name, rows }) => (rows[0]?.writes === true ? [name] : []));
}

/**
 * Tells the lab which region the command has promoted, and makes new standbys of the others. Of both: in a switchover the
 * third one may have received more of the old timeline than the promoted one.
 */
export async function rejoinAll({ lab }: Setup, primary: Name): Promise<void> {
  await lab.region(primary).promote({ follow: false });
  for (const region of lab.regions) if (region.name !== primary) await region.rejoin();
  await lab.caughtUp();
}
