import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { basename, join } from 'node:path';
import { check } from '@regionkit/core/kit';
import type pg from 'pg';
import { createRegion, type InnerRegion, type LabContext } from './create-region.ts';
import { LabError } from './errors.ts';
import { createNetwork, type Network } from './network/network.ts';
import { checkOptions, type LabOptions } from './options.ts';
import { findBinaries } from './postgres/binaries.ts';
import { createConsole } from './postgres/console.ts';
import { APP, createNode, type Node } from './postgres/node.ts';
import { serverAccount } from './process/account.ts';
import { endPostgres } from './process/end.ts';
import { makeRunDirectory, removeRun, sweep } from './process/run-directory.ts';
import { startWatchdog } from './process/watchdog.ts';
import type { LabRegion, Promotion } from './region.ts';
import { caughtUp, switchOver } from './replication.ts';

/** Real PostgreSQL regions on one machine. Made by {@link createLab}. */
export interface Lab<Name extends string = string> {
  /** In the order of the options. */
  readonly regions: readonly LabRegion<Name>[];
  /**
   * The region that was promoted last, or the first primary. Other servers may still believe that they are the primary.
   */
  readonly primary: LabRegion<Name>;
  /** Returns a region by name. @throws {RangeError} There is no such region. */
  region(name: Name): LabRegion<Name>;
  /**
   * Waits until every running standby has replayed what the primary has flushed so far, on the primary's timeline. That
   * includes every acknowledged commit, unless `synchronous_commit` was off. It writes nothing. @default timeoutMs
   * 10_000
   *
   * @throws {LabError} `ERR_LAB_TIMEOUT`: the message names the region that did not catch up.
   */
  caughtUp(options?: { readonly timeoutMs?: number }): Promise<void>;
  /**
   * Promotes `to`. The other standbys follow it. The old primary is not touched: kill, freeze or partition it first.
   */
  failover(options: { readonly to: Name }): Promise<Promotion>;
  /**
   * Changes roles without data loss. It shuts the primary down, waits until `to` has everything it wrote, promotes
   * `to`, and makes the old primary a standby of it. If `to` does not catch up in time, the old primary is started
   * again. @default timeoutMs 10_000
   */
  switchover(options: { readonly to: Name; readonly timeoutMs?: number }): Promise<Promotion>;
  /** Ends every server and removes every file. Further calls have no effect. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a PostgreSQL server in every region: one primary, the others streaming standbys. Resolves when all accept
 * connections. If this process dies, a small watchdog process ends the servers and removes their files.
 *
 * @example
 * ```ts
 * await using lab = await createLab({ regions: ['us-east-1', 'eu-west-1'] });
 * const pool = lab.region('us-east-1').pool();
 * await lab.region('us-east-1').kill();
 * await lab.failover({ to: 'eu-west-1' });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 * @throws {LabError} The lab could not start. Nothing is left behind. The first line of the message says what to do.
 */
export async function createLab<const Name extends string>(options: LabOptions<Name>): Promise<Lab<Name>> {
  const settled = checkOptions(options);
  const { regions: names, onProgress } = settled;
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new LabError(
      'ERR_LAB_PLATFORM',
      `the lab runs on Linux and macOS, not on ${process.platform}: use WSL or a container`,
    );
  }
  const began = performance.now();
  const step = (what: string): void => onProgress(`${((performance.now() - began) / 1_000).toFixed(2)} s  ${what}`);

  if (settled.logDir !== undefined) mustWrite(settled.logDir);
  const account = await serverAccount();
  const swept = await sweep(settled.directory);
  if (swept > 0) step(`removed what ${swept} earlier lab(s) had left behind`);
  const runDirectory = makeRunDirectory(settled.directory);
  const watchdog = startWatchdog(runDirectory);
  const inner = new Map<Name, InnerRegion<Name>>();
  const pools = new Set<pg.Pool>();
  let network: Network<Name> | undefined;
  let closing: Promise<void> | undefined;

  const close = (): Promise<void> => {
    closing ??= (async () => {
      for (const pool of pools) pool.end().catch(() => {});
      const idle = [...inner.values()].map((each) => each.close());
      network?.close();
      // Do it twice: an operation under way may have started another server.
      await endPostgres(`${basename(runDirectory)}/`);
      await Promise.all(idle);
      await watchdog.dismiss();
      await removeRun(runDirectory);
    })();
    return closing;
  };

  const surroundings: LabContext<Name> = {
    primary: settled.primary,
    get closed() {
      return closing !== undefined;
    },
    appPassword: randomBytes(16).toString('hex'),
    pools,
    names: () => names,
    region: (name) => inner.get(name) as InnerRegion<Name>,
  };
  const region = (name: Name): InnerRegion<Name> => surroundings.region(check.oneOf('lab.region: name', name, names));

  try {
    const binaries = await findBinaries({ binDir: settled.binDir, runDirectory, account });
    const adminPassword = randomBytes(16).toString('hex');
    const ways = await createNetwork({
      regions: names,
      roundTripMs: settled.roundTripMs,
      port: (name) => settled.ports[name],
    });
    network = ways;
    for (const name of names) {
      const node: Node = await createNode({
        name,
        runDirectory,
        logFile: settled.logDir === undefined ? undefined : join(settled.logDir, `${name}.log`),
        binaries,
        account,
        adminPassword,
        settings: settled.settings,
        startTimeoutMs: settled.startTimeoutMs,
        onChange: (port) => ways.setServer(name, port),
      });
      inner.set(name, createRegion(name, node, ways, surroundings));
    }

    const primary = region(settled.primary);
    const standbys = names.filter((name) => name !== primary.name).map(region);
    await primary.node.initialise();
    step(`PostgreSQL ${binaries.version}: made the cluster of ${primary.name}`);
    await primary.launch();
    await makeApp(primary.node, surroundings.appPassword, settled.monitor);
    step(`${primary.name} is up as the primary`);
    if (standbys.length > 0) {
      await primary.node.copyTo(standbys.map(({ node }) => node));
      await Promise.all(
        standbys.map(async (standby) => {
          await standby.launch(primary.name);
          step(`${standby.name} is up as a standby`);
        }),
      );
    }
  } catch (error) {
    await close();
    throw error;
  }

  return {
    regions: names.map(region),
    get primary() {
      return surroundings.region(surroundings.primary);
    },
    region,
    caughtUp: ({ timeoutMs = 10_000 } = {}) =>
      caughtUp(surroundings, check.integer('lab.caughtUp: timeoutMs', timeoutMs, { min: 0 })),
    failover: async ({ to }) => region(to).promote(),
    switchover: async ({ to, timeoutMs = 10_000 }) =>
      switchOver(surroundings, region(to), check.integer('lab.switchover: timeoutMs', timeoutMs, { min: 0 })),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * The application's role and database. The role may use everything that the superuser creates there. The database is
 * the one that initdb made, renamed: a second one would need three hundred more files in every region.
 */
async function makeApp(node: Node, password: string, monitor: boolean): Promise<void> {
  const template = node.adminConnectionString.replace(/[^/]*$/, 'template1');
  await createConsole(() => template).session(async (client) => {
    await client.query(`CREATE ROLE ${APP} LOGIN PASSWORD '${password}'`);
    if (monitor) await client.query(`GRANT pg_monitor TO ${APP}`);
    await client.query(`ALTER DATABASE postgres RENAME TO ${APP}`);
    await client.query(`ALTER DATABASE ${APP} OWNER TO ${APP}`);
  });
  await node.console.session(async (client) => {
    for (const kind of ['TABLES', 'SEQUENCES', 'FUNCTIONS', 'TYPES']) {
      await client.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON ${kind} TO ${APP}`);
    }
  });
}

function mustWrite(logDir: string): void {
  try {
    accessSync(logDir, constants.W_OK);
  } catch (cause) {
    throw new LabError(
      'ERR_LAB_DIRECTORY',
      `cannot write logs into ${logDir} (${(cause as NodeJS.ErrnoException).code}): make that directory, or leave out the option "logDir"`,
      { cause },
    );
  }
}
