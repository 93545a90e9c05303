import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EpochFile, epochFile } from '@regionkit/db-router/epoch-stores';
import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Deployment, type Process as ProcessOf } from './helpers/deployment.ts';

type Name = 'us' | 'eu' | 'ap';
type Process = ProcessOf<Name>;
/** Of a process that is to refuse: it does not hold a write for long. */
const REFUSING = { hold: { timeoutMs: 300 } };
const WAIT = { timeout: 60_000, interval: 25 };

let lab: Lab<Name>;
let deployment: Deployment<Name>;
/** The region of the primary when a test begins, and the others. */
let home: Name;
let second: Name;
let third: Name;
/** From the start of a process, whose region is a survivor, until it is ready, and until its first write. */
const figures: { readonly readyMs: number; readonly writesMs: number }[] = [];

beforeAll(async () => {
  lab = await createLab<Name>({ regions: ['us', 'eu', 'ap'], monitor: true });
  await lab.primary.query('CREATE TABLE note (text text NOT NULL)');
  await lab.caughtUp();
});
afterAll(async () => {
  const middle = (of: 'readyMs' | 'writesMs'): number =>
    Math.round(figures.map((figure) => figure[of]).toSorted((left, right) => left - right)[figures.length >> 1] ?? 0);
  const latest = Math.round(Math.max(...figures.map(({ readyMs, writesMs }) => writesMs - readyMs)));
  process.stdout.write(
    `${figures.length} processes started in a survivor: ready after ${middle('readyMs')} ms, first write after ${middle('writesMs')} ms (medians); at most ${latest} ms from ready to write\n`,
  );
  await lab.close();
});
beforeEach(() => {
  home = lab.primary.name;
  [second, third] = (['us', 'eu', 'ap'] as const).filter((name) => name !== home) as [Name, Name];
});
afterEach(async () => {
  await deployment.close();
  if (lab.primary.name === home && lab.regions.every(({ status }) => status === 'up')) return;
  // Whatever a test did to the databases: one primary, and two standbys that follow it.
  for (const { name, status } of lab.regions) {
    if (name === lab.primary.name && status === 'down') await lab.region(name).start();
  }
  for (const { name } of lab.regions) if (name !== lab.primary.name) await lab.region(name).rejoin();
  await lab.caughtUp();
});

const readyz = (process: Process) => process.status('/readyz');
const write = (process: Process) => process.status('/', 'POST');
const notesIn = async (name: Name): Promise<number> =>
  Number((await lab.region(name).query<{ count: string }>('SELECT count(*) FROM note'))[0]?.count);

/** So many processes in each region, all of which write. */
async function deployed(count: number, names: readonly Name[]): Promise<void> {
  deployment = new Deployment(lab, names);
  await deployment.open();
  for (const name of names) for (let each = 0; each < count; each += 1) await deployment.start(name);
  for (const name of names) for (const process of deployment.of(name)) await writes(process);
}

async function writes(process: Process): Promise<void> {
  await expect.poll(() => write(process), WAIT).toBe(201);
}

/** It was asked everything that it can be asked, and still writes nothing. */
async function writesNothing(process: Process, state: string): Promise<void> {
  await expect.poll(() => process.health.view.list().every(({ asked }) => asked === true), WAIT).toBe(true);
  await expect.poll(() => process.router.topology().state, WAIT).toBe(state);
  expect(await write(process)).toBe(503);
}

/** A new process, as a survivor is scaled: its first write, sent as soon as it is ready, is done. */
async function scaleUp(name: Name): Promise<Process> {
  const process = await deployment.start(name);
  await expect.poll(() => readyz(process), { ...WAIT, interval: 5 }).toBe(200);
  const readyMs = performance.now() - process.startedAtMs;
  expect(await write(process)).toBe(201);
  figures.push({ readyMs, writesMs: performance.now() - process.startedAtMs });
  return process;
}

/** Each process is replaced by a new one that is ready before the old one stops. */
async function deploy(name: Name): Promise<void> {
  for (const old of [...deployment.of(name)]) {
    await scaleUp(name);
    await old.stop();
  }
}

/** Whole in CI; the smallest and the largest setup in an ordinary run, which must not take long. */
const TABLE = [
  { regions: 2, count: 1, isQuick: true },
  { regions: 2, count: 3, isQuick: false },
  { regions: 3, count: 1, isQuick: false },
  { regions: 3, count: 3, isQuick: true },
].filter(({ isQuick }) => isQuick || process.env['REGIONKIT_WHOLE'] === '1');

describe.each(TABLE)('$regions regions with $count processes each', ({ regions, count }) => {
  const names = (): readonly Name[] => [home, second, third].slice(0, regions);

  test('a standby region is down: a deploy, twice, and a scale-up in every region that is left', async () => {
    await deployed(count, names());
    const lost = names().at(-1) as Name;
    await lab.region(lost).kill();
    await deployment.end(lost);
    for (const name of names().filter((each) => each !== lost)) {
      await deploy(name);
      await deploy(name);
      await scaleUp(name);
      for (const process of deployment.of(name)) expect(await write(process)).toBe(201);
    }
  });

  test("the primary's region is down and was failed over: the new one is deployed, twice, and grows", async () => {
    await deployed(count, names());
    await lab.region(home).kill();
    await deployment.end(home);
    await lab.failover({ to: second });
    for (const name of names().filter((each) => each !== home))
      for (const process of deployment.of(name)) await writes(process);
    for (const name of names().filter((each) => each !== home)) {
      await deploy(name);
      await deploy(name);
      await scaleUp(name);
    }
  });

  test("the primary's region is down and nothing was promoted: nothing writes, and a newcomer believes the promotion when it comes", async () => {
    await deployed(count, names());
    await lab.region(home).kill();
    await deployment.end(home);
    const newcomers = [await deployment.start(second, REFUSING)];
    for (const process of deployment.of(second))
      await expect.poll(() => process.router.topology().state, WAIT).toBe('no-primary');
    await writesNothing(newcomers[0] as Process, 'no-primary');
    await expect.poll(() => readyz(newcomers[0] as Process), WAIT).toBe(200);
    for (const old of deployment.of(second)) if (!newcomers.includes(old)) await old.stop();
    await lab.failover({ to: second });
    for (const process of deployment.of(second)) await writes(process);
  });

  test('a crash loop beside good processes: they go on, and each start writes or is not ready', async () => {
    await deployed(count, names());
    const lost = names().at(-1) as Name;
    await deployment.end(lost);
    const good = [...deployment.of(home)];
    for (let crash = 0; crash < 5; crash += 1) {
      const process = await deployment.start(home, REFUSING);
      expect([await readyz(process), await write(process)]).not.toEqual([200, 503]);
      await process.stop();
      for (const each of good) expect(await write(each)).toBe(201);
    }
  });

  test('a zombie that starts alone, cut off, writes nothing; in reach again it is fenced and forwards', async () => {
    await deployed(count, names());
    await deployment.isolate(home);
    await deployment.end(home);
    await lab.failover({ to: second });
    for (const process of deployment.of(second)) await writes(process);
    const known = await notesIn(home);
    for (let restart = 0; restart < 2; restart += 1) {
      await deployment.end(home);
      for (let each = 0; each < count; each += 1) await deployment.start(home, REFUSING);
      for (const process of deployment.of(home)) await writesNothing(process, 'unconfirmed');
    }
    await deployment.heal();
    for (const process of deployment.of(home)) {
      await writes(process);
      expect(process.router.topology().primary?.region).toBe(second);
    }
    expect(await notesIn(home)).toBe(known);
  });

  test('a region that is cut off with living processes goes on, its newcomers as they do; in reach again all of it is fenced', async () => {
    await deployed(count, names());
    await deployment.isolate(home);
    await lab.failover({ to: second });
    for (const process of deployment.of(second)) await writes(process);
    // The limit that the decision names: nothing in reach tells a survivor from a region that was cut off.
    await expect.poll(() => write(deployment.of(home)[0] as Process), WAIT).toBe(201);
    await deploy(home);
    await deploy(second);
    await deployment.heal();
    for (const process of deployment.of(home))
      await expect.poll(() => process.router.topology().primary?.region, WAIT).toBe(second);
    const known = await notesIn(home);
    for (const process of deployment.of(home)) await writes(process);
    expect(await notesIn(home)).toBe(known);
  });

  test('a zombie comes back beside its region that lives: nothing is written there, by old processes or by new ones', async () => {
    await deployed(count, names());
    await lab.region(home).kill();
    await lab.failover({ to: second });
    for (const name of names()) for (const process of deployment.of(name)) await writes(process);
    await lab.region(home).returnAsIs();
    const known = await notesIn(home);
    await deployment.start(home);
    for (const process of deployment.of(home)) {
      await writes(process);
      expect(process.router.topology().nodes[0]?.state).toBe('fenced');
    }
    expect(await notesIn(home)).toBe(known);
  });

  test('a region that ended as a whole starts while the others are down: it refuses, until an operator confirms', async () => {
    await deployed(count, names());
    for (const name of names()) await deployment.end(name);
    for (let each = 0; each < count; each += 1) await deployment.start(home, REFUSING);
    for (const process of deployment.of(home)) await writesNothing(process, 'unconfirmed');
    const [first] = deployment.of(home);
    await first?.router.confirmPrimary();
    // The others are vouched for by the one that was told.
    for (const process of deployment.of(home)) await writes(process);
    await scaleUp(home);
  });
});

test('an operator declared an epoch void while a region is down: who was told writes, and a deploy stops at the first newcomer', async () => {
  deployment = new Deployment(lab, [home, second]);
  await deployment.open();
  const other = await deployment.start(second);
  const told = await deployment.start(home);
  for (const process of [told, other]) await writes(process);
  // By mistake, and thrown away as soon as it was known everywhere.
  await lab.region(second).promote({ follow: false });
  await expect.poll(() => told.router.topology().primary?.region, WAIT).toBe(second);
  await lab.region(second).kill();
  await other.stop();
  await expect.poll(() => told.router.topology().state, WAIT).toBe('no-primary');
  await told.router.resetEpoch('the standby was promoted by mistake');
  await writes(told);
  const newcomer = await deployment.start(home, REFUSING);
  await writesNothing(newcomer, 'unconfirmed');
  expect([await readyz(newcomer), await readyz(told)]).toEqual([503, 200]);
  await newcomer.router.confirmPrimary();
  await writes(newcomer);
  await expect.poll(() => readyz(newcomer), WAIT).toBe(200);
});

describe('one process in each region, that ends before the next one starts', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'survivors-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  /** As `epochFile()` is used: a store of its own in each process, and one file for one after the other. */
  const ownFile = (): EpochFile => epochFile(path.join(folder, `${home}.json`), { fastestFailoverMs: 60_000 });

  async function homeAlone(epoch?: EpochFile): Promise<Process> {
    deployment = new Deployment(lab, [home, second]);
    await deployment.open();
    const other = await deployment.start(second);
    const process = await deployment.start(home, epoch && { epoch });
    for (const each of [process, other]) await writes(each);
    await other.stop();
    return process;
  }

  test('with a file, it takes writes as soon as it is ready, again and again', async () => {
    let epoch = ownFile();
    let process = await homeAlone(epoch);
    for (let restart = 0; restart < 3; restart += 1) {
      await process.stop();
      await epoch.close();
      epoch = ownFile();
      process = await deployment.start(home, { epoch });
      await writes(process);
      expect(await readyz(process)).toBe(200);
    }
    await epoch.close();
  });

  test('without one, it takes none', async () => {
    await (await homeAlone()).stop();
    await writesNothing(await deployment.start(home, REFUSING), 'unconfirmed');
  });
});
