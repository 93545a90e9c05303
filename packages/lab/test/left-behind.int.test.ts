import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLab } from '../src/index.ts';
import { listenAnywhere } from '../src/network/ports.ts';
import { serverAccount } from '../src/process/account.ts';
import { findPostgres, signal } from '../src/process/find.ts';
import { codeOf, eventually, isListening, processesWith, runFixture, temporaryDirectory } from './support.ts';

interface Held {
  readonly run: string;
  readonly servers: readonly number[];
  readonly ports: readonly number[];
}

/** The segments of shared memory on this machine: the id of each, and the process that made it. */
const sharedMemory = (): readonly { readonly id: string | undefined; readonly creator: number }[] =>
  readFileSync('/proc/sysvipc/shm', 'latin1')
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .map(([, id, , , creator]) => ({ id, creator: Number(creator) }));

/** What a server that was killed before has left. A process of a lab may have got the number of its creator. */
const earlier = new Set(sharedMemory().map(({ id }) => id));

/** Processes, files and shared memory of a lab that was in `directory`. */
function traces(directory: string, servers: readonly number[] = []) {
  return {
    processes: processesWith(directory).filter((pid) => !fixtures.has(pid)),
    files: readdirSync(directory),
    segments: sharedMemory().filter(({ id, creator }) => !earlier.has(id) && servers.includes(creator)),
  };
}
const NOTHING = { processes: [], files: [], segments: [] };
const fixtures = new Set<number | undefined>();

async function hold(
  directory: string,
  regions = 3,
): Promise<Held & { readonly child: ReturnType<typeof runFixture>['child'] }> {
  const { child, said } = runFixture('hold', [directory, String(regions)]);
  fixtures.add(child.pid);
  return { ...((await said) as Held), child };
}

describe('nothing is left behind', () => {
  test('by close(), with a server killed, one frozen and one cut off', async () => {
    const directory = temporaryDirectory();
    const lab = await createLab({ regions: ['a', 'b', 'c'], directory });
    const servers = findPostgres('regionkit-lab-').filter((pid) => processesWith(directory).includes(pid));
    const [a, b, c] = lab.regions;
    const leaked = await a?.pool().connect();
    await a?.kill();
    await b?.freeze();
    await c?.partition();
    await lab.close();
    await lab.close();
    expect(traces(directory, servers)).toEqual(NOTHING);
    expect(await isListening(a?.port as number)).toBe(false);
    expect(await codeOf(a?.start() as Promise<void>)).toBe('ERR_LAB_CLOSED');
    expect(() => b?.pool()).toThrow('the lab is closed');
    leaked?.release(true);
  });

  test('when the process is killed: the watchdog ends what runs, is frozen or was half dead', async () => {
    const directory = temporaryDirectory();
    const { child, servers, ports, run } = await hold(directory);
    expect(existsSync(run)).toBe(true);
    expect(servers.length).toBeGreaterThan(9);
    child.kill('SIGKILL');
    // The watchdog ends processes, removes files and frees memory one after the other.
    await eventually(() => isDeepStrictEqual(traces(directory, servers), NOTHING));
    expect(existsSync(run)).toBe(false);
    expect(await Promise.all(ports.map(isListening))).toEqual([false, false, false]);
  });

  test('when the process is told to end and never closed the lab', async () => {
    const directory = temporaryDirectory();
    const { child, servers } = await hold(directory, 1);
    child.kill('SIGTERM');
    await eventually(() => isDeepStrictEqual(traces(directory, servers), NOTHING));
  });

  test('when the watchdog was killed too: the next lab in that directory sweeps, and says so', async () => {
    const directory = temporaryDirectory();
    const { child, run } = await hold(directory, 2);
    const watchdogs = processesWith('regionkit-lab-watchdog').filter((pid) => processesWith(run).includes(pid));
    expect(watchdogs).toHaveLength(1);
    signal(watchdogs, 'SIGKILL');
    child.kill('SIGKILL');
    await eventually(() => child.signalCode !== null);
    expect(findPostgres(run.slice(directory.length + 1)).length).toBeGreaterThan(3);
    expect(existsSync(run)).toBe(true);

    const steps: string[] = [];
    const lab = await createLab({ regions: ['a'], directory, onProgress: (step) => steps.push(step) });
    expect(existsSync(run)).toBe(false);
    expect(findPostgres(run.slice(directory.length + 1))).toEqual([]);
    expect(steps[0]).toContain('removed what 1 earlier lab(s) had left behind');
    await lab.close();
    expect(traces(directory)).toEqual(NOTHING);
  });

  test('when it is closed while it is still busy', async () => {
    const directory = temporaryDirectory();
    const lab = await createLab({ regions: ['a', 'b'], directory });
    const [a, b] = lab.regions;
    const busy = Promise.allSettled([b?.rejoin(), a?.stop(), a?.start(), lab.caughtUp()]);
    await lab.close();
    await busy;
    expect(traces(directory)).toEqual(NOTHING);
  });
});

test('an ordinary user can run the lab, and its process ends by itself', async () => {
  const directory = temporaryDirectory();
  const user = await serverAccount(); // undefined if we are one ourselves
  const { said, exited } = runFixture('smoke', [directory], user && { uid: user.uid, gid: user.gid });
  expect(await exited).toEqual({ code: 0, stderr: '' });
  expect(await said).toEqual({ uid: user?.uid ?? process.getuid?.(), rows: [{ id: 1 }], role: 'primary' });
  expect(readdirSync(directory)).toEqual([]);
});

describe('bad input is one clear line, and leaves nothing', () => {
  const refusal = async (options: object, directory = temporaryDirectory()) => {
    const error = await createLab({ regions: ['us-east-1', 'eu-west-1'], directory, ...options }).then(
      async (lab) => {
        await lab.close();
        throw new Error('it started');
      },
      (error: Error & { code: string }) => error,
    );
    if (existsSync(directory)) expect(traces(directory)).toEqual(NOTHING);
    return { code: error.code, line: error.message.split('\n')[0], message: error.message };
  };

  test('no PostgreSQL where it is said to be', async () => {
    const { code, message } = await refusal({ binDir: '/nowhere' });
    expect(code).toBe('ERR_LAB_NO_POSTGRES');
    expect(message).toMatch(
      /^there is no PostgreSQL that (?:this user|the user "\w+") can run in \/nowhere: set REGIONKIT_PG_BIN, or the option "binDir", to the directory of its programs \("postgres" and "initdb"\) \(ENOENT\)$/,
    );
  });

  test('a port that is taken', async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    const { port } = await listenAnywhere(other);
    expect(await refusal({ ports: { 'eu-west-1': port } })).toMatchObject({
      code: 'ERR_LAB_PORT_TAKEN',
      message: `cannot listen on 127.0.0.1:${port}, where clients reach eu-west-1 (EADDRINUSE): end what listens there, or choose another port`,
    });
  });

  test.runIf(process.getuid?.() === 0)('a directory that the servers’ user cannot reach', async () => {
    const { code, line } = await refusal({}, temporaryDirectory(0o700));
    expect(code).toBe('ERR_LAB_DIRECTORY');
    expect(line).toMatch(
      /^the user "\w+", which runs the servers because PostgreSQL does not run as root, cannot reach \S+: set TMPDIR, or the option "directory", to one that every user can pass through, such as \/tmp$/,
    );
  });

  test('a directory that is not there, for the lab or its logs', async () => {
    expect((await refusal({}, '/nowhere')).message).toBe(
      'cannot make a directory in /nowhere (ENOENT): set TMPDIR, or the option "directory", to one that can be written',
    );
    expect((await refusal({ logDir: '/nowhere' })).message).toBe(
      'cannot write logs into /nowhere (ENOENT): make that directory, or leave out the option "logDir"',
    );
  });

  test('a setting that PostgreSQL refuses shows what its log says', async () => {
    const { code, line, message } = await refusal({ settings: { shared_buffers: 'plenty' } });
    expect(code).toBe('ERR_LAB_SERVER');
    expect(line).toBe('us-east-1: PostgreSQL did not start');
    expect(message).toContain('invalid value for parameter "shared_buffers": "plenty"');
  });

  test('a server that does not come up in time', async () => {
    expect(await refusal({ startTimeoutMs: 1 })).toMatchObject({ code: 'ERR_LAB_TIMEOUT' });
  });
});

test('two labs side by side have their own ports, logs and settings, and neither touches the other', async () => {
  const directory = temporaryDirectory();
  const probe = createServer();
  const { port } = await listenAnywhere(probe);
  await new Promise((resolve) => probe.close(resolve));
  const logDir = temporaryDirectory();
  writeFileSync(join(logDir, 'a.log'), 'earlier\n');
  const [one, two] = await Promise.all([
    createLab({ regions: ['a'], directory, logDir, ports: { a: port }, settings: { work_mem: '5MB' } }),
    createLab({ regions: ['a', 'b'], directory, monitor: false }),
  ]);
  expect(one.region('a').connectionString).toContain(`@127.0.0.1:${port}/`);
  expect((await one.region('a').pool().query('SHOW work_mem')).rows).toEqual([{ work_mem: '5MB' }]);
  await one.close();
  expect(readFileSync(join(logDir, 'a.log'), 'utf8')).toMatch(/^earlier\n.*ready to accept connections/s);

  // Without `monitor` the application cannot see the timeline of a standby.
  const { rows } = await two.region('b').pool().query('SELECT received_tli FROM pg_stat_wal_receiver');
  expect(rows).toEqual([{ received_tli: null }]);
  await two.close();
  expect(traces(directory)).toEqual(NOTHING);
});
