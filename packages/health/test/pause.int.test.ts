import { setTimeout as sleep } from 'node:timers/promises';
import type { RegionRouter } from '@regionkit/db-router';
import { createLab, type Lab } from '@regionkit/lab';
import { expect, onTestFinished, test } from 'vitest';
import { type Fleet, type FleetProcess, startFleet, type Work } from './helpers/fleet.ts';

// A planned switchover under a pause, between processes that learn of it from each other alone.

type Name = 'us' | 'eu' | 'ap';
type Process = FleetProcess<Name>;
const WAIT = { timeout: 60_000, interval: 20 };

const insert = (router: RegionRouter<string>, text: string, part: string) =>
  router.write('INSERT INTO note (text) VALUES ($1)', [`${text}:${part}`]);

/** Two statements of one request, with time between them for a pause to begin. */
const twoWrites: Work = async (router, path) => {
  await insert(router, path, 'first');
  await sleep(20);
  await insert(router, path, 'second');
};

async function labOf(regions: readonly Name[]): Promise<Lab<Name>> {
  const lab = await createLab<Name>({ regions, monitor: true });
  onTestFinished(() => lab.close());
  await lab.primary.query('CREATE TABLE note (id serial, text text NOT NULL)');
  await lab.caughtUp();
  return lab;
}

async function startAll(fleet: Fleet<Name>, counts: Partial<Record<Name, number>>): Promise<void> {
  for (const [name, count] of Object.entries(counts)) {
    for (let at = 0; at < count; at += 1) await fleet.start(name as Name);
  }
  for (const { router } of fleet.processes) {
    await expect.poll(() => ['run', 'forward'].includes(router.explain('write').action), WAIT).toBe(true);
  }
}

/** Clients of every region that write all the time, each with requests that no other one makes. */
function startLoad(fleet: Fleet<Name>, regions: readonly Name[]) {
  let running = true;
  let made = 0;
  const done: string[] = [];
  const failed: string[] = [];
  const client = async (region: Name): Promise<void> => {
    while (running) {
      made += 1;
      const path = `/load-${made}`;
      const answer = await fetch(fleet.origin(region) + path, { method: 'POST' }).catch((error: Error) => error);
      if (answer instanceof Error) failed.push(`${region} ${path} ${answer.message}`);
      else if (answer.status === 201) done.push(path);
      else failed.push(`${region} ${path} ${answer.status} ${answer.headers.get('x-code')} ${await answer.text()}`);
      await sleep(5);
    }
  };
  const clients = regions.flatMap((region) => [client(region), client(region)]);
  return {
    done,
    failed,
    stop: async () => {
      running = false;
      await Promise.all(clients);
    },
  };
}

const notes = async (lab: Lab<Name>): Promise<readonly string[]> =>
  (await lab.primary.query<{ text: string }>('SELECT text FROM note')).map(({ text }) => text).sort();

async function expectEachOnce(lab: Lab<Name>, done: readonly string[]): Promise<void> {
  const texts = await notes(lab);
  expect(texts.length).toBe(new Set(texts).size);
  const there = new Set(texts);
  expect(done.flatMap((path) => [`${path}:first`, `${path}:second`]).filter((text) => !there.has(text))).toEqual([]);
}

test.each<[what: string, counts: Partial<Record<Name, number>>, reach: ((own: Name) => readonly Name[]) | undefined]>([
  ['one process a region, which reach every database', { us: 1, eu: 1, ap: 1 }, () => ['us', 'eu', 'ap']],
  ['two processes a region, which reach their own database', { us: 2, eu: 2 }, undefined],
])('a switchover under a pause fails no write, and repeats none: %s', async (_what, counts, reach) => {
  const regions = Object.keys(counts) as Name[];
  const lab = await labOf(regions);
  const fleet = await startFleet(lab, { work: twoWrites, ...(reach !== undefined && { reach }) });
  await startAll(fleet, counts);
  const load = startLoad(fleet, regions);
  await expect.poll(() => load.done.length, WAIT).toBeGreaterThan(20);

  const [operator] = fleet.processes;
  const pause = await operator?.router.pauseWrites({ timeoutMs: 60_000, drainTimeoutMs: 60_000, processes: counts });
  expect(pause).toMatchObject({ drained: true, underWay: 0, waitingFor: [] });
  // What is drained stays so.
  const written = async () => (await lab.primary.query('SELECT text FROM note')).length;
  const before = await written();
  await sleep(200);
  expect(await written()).toBe(before);
  await lab.switchover({ to: 'eu' });

  const after = load.done.length;
  await expect.poll(() => load.done.length, WAIT).toBeGreaterThan(after + 20);
  await load.stop();
  expect(load.failed).toEqual([]);
  await lab.caughtUp();
  await expectEachOnce(lab, load.done);
  for (const { paused, resumed } of fleet.processes) {
    expect([paused.length, resumed.map(({ by }) => by)]).toEqual([1, ['switched']]);
  }
});

test('a pause reaches a process that starts in it, ends by resumeWrites() in every process, and rests', async () => {
  const lab = await labOf(['us', 'eu']);
  const fleet = await startFleet(lab, { work: twoWrites });
  await startAll(fleet, { us: 2, eu: 1 });
  const [first, second, eu] = fleet.processes as [Process, Process, Process];
  await expect(eu.router.pauseWrites()).rejects.toMatchObject({
    code: 'ERR_PAUSE_REFUSED',
    reason: 'not-primary-region',
    region: 'us',
  });

  expect(await first.router.pauseWrites({ timeoutMs: 60_000 })).toMatchObject({ drained: true });
  await expect(second.router.pauseWrites()).rejects.toMatchObject({ reason: 'already-paused' });
  expect(second.router.explain('write')).toEqual({ action: 'hold', reason: 'paused' });
  // One starts in each region. Neither starts a write before it knows of the pause.
  const late = [await fleet.start('us'), await fleet.start('eu')];
  const held = ['us', 'eu'].flatMap((region) =>
    [1, 2, 3].map((n) => fetch(`${fleet.origin(region as Name)}/held-${region}-${n}`, { method: 'POST' })),
  );
  for (const { paused } of late) await expect.poll(() => paused.length, WAIT).toBe(1);
  expect(await notes(lab)).toEqual([]);

  // By another process than the one that ordered it.
  expect(second.router.resumeWrites()).toBe(true);
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual(held.map(() => 201));
  for (const { resumed } of fleet.processes) {
    await expect.poll(() => resumed.map(({ by }) => by), WAIT).toEqual(['resumed']);
  }
  expect(first.router.resumeWrites()).toBe(false);
  await expect(first.router.pauseWrites()).rejects.toMatchObject({ reason: 'too-soon' });
});

test('a process that starts in a pause writes nothing although another region confirms the primary to it first', async () => {
  const lab = await labOf(['us', 'eu']);
  let isClosed = false;
  let letIn = (): void => {};
  const opened = new Promise<void>((resolve) => {
    letIn = resolve;
  });
  const open = async (region: Name): Promise<void> => {
    if (isClosed && region === 'us') await opened;
  };
  const fleet = await startFleet(lab, { work: twoWrites, open });
  await startAll(fleet, { us: 1, eu: 1 });
  const [first] = fleet.processes as [Process];
  expect(await first.router.pauseWrites({ timeoutMs: 60_000 })).toMatchObject({ drained: true });
  isClosed = true;
  const young = await fleet.start('us');
  const writes = [
    insert(young.router, '/young', 'single'),
    young.router.transaction((tx) => tx.query("INSERT INTO note (text) VALUES ('/young:transaction')")),
    young.router.batch([{ text: "INSERT INTO note (text) VALUES ('/young:batch')" }]),
  ];
  // What was enough to believe the primary: the other region confirms it, and the own server has answered.
  await expect.poll(() => young.health.view.get('eu')?.measured, WAIT).toBe(true);
  await expect.poll(() => young.router.topology().nodes.map(({ state }) => state), WAIT).not.toContain('unknown');
  await expect.poll(() => young.router.topology().state, WAIT).toBe('unconfirmed');
  letIn();
  await expect.poll(() => young.paused.length, WAIT).toBe(1);
  expect(await notes(lab)).toEqual([]);
  first.router.resumeWrites();
  await Promise.all(writes);
  expect(await notes(lab)).toEqual(['/young:batch', '/young:single', '/young:transaction']);
});

test('a pause ends by itself in every process, although the process that ordered it is gone', async () => {
  const lab = await labOf(['us', 'eu']);
  // The time in the pause is not taken from the time for the forward.
  const fleet = await startFleet(lab, { work: twoWrites, deadlineMs: 4_000 });
  await startAll(fleet, { us: 2, eu: 1 });
  const [operator, ...others] = fleet.processes as [Process, Process, Process];
  expect(await operator.router.pauseWrites({ timeoutMs: 6_000 })).toMatchObject({ drained: true });
  await operator.stop();
  const held = await Promise.all(
    ['us', 'eu'].map((region) => fetch(`${fleet.origin(region as Name)}/${region}`, { method: 'POST' })),
  );
  expect(held.map(({ status }) => status)).toEqual([201, 201]);
  for (const { resumed } of others) await expect.poll(() => resumed.map(({ by }) => by), WAIT).toEqual(['expired']);
});

test('a pause lets end what has begun, and holds what has not: requests, leased clients, transactions and jobs', async () => {
  const lab = await labOf(['us', 'eu']);
  let goOn = (): void => {};
  let began = 0;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const work: Work = async (router, path) => {
    await insert(router, path, 'first');
    began += 1;
    if (path.startsWith('/slow')) await gate;
    await insert(router, path, 'second');
    await router.run({}, () => insert(router, path, 'third'));
    await router.transaction((tx) => tx.query(`INSERT INTO note (text) VALUES ('${path}:fourth')`));
  };
  const fleet = await startFleet(lab, { work });
  await startAll(fleet, { us: 1, eu: 1 });
  const [us] = fleet.processes as [Process];
  const slow = ['us', 'eu'].map((region) =>
    fetch(`${fleet.origin(region as Name)}/slow-${region}`, { method: 'POST' }),
  );
  await expect.poll(() => began, WAIT).toBe(2);
  const client = await us.router.primary.connect();

  const pausing = us.router.pauseWrites({ timeoutMs: 60_000, drainTimeoutMs: 60_000 });
  await expect.poll(() => fleet.processes.map(({ paused }) => paused.length), WAIT).toEqual([1, 1]);
  // Code outside of a gate.
  const job = us.router.write("INSERT INTO note (text) VALUES ('job')");
  const transaction = us.router.transaction((tx) => tx.query("INSERT INTO note (text) VALUES ('transaction')"));
  const batch = us.router.batch([{ text: "INSERT INTO note (text) VALUES ('batch')" }]);
  const lease = us.router.primary.connect();
  const read = await us.router.transaction((tx) => tx.query('SELECT 1'), { readOnly: true, isolation: 'serializable' });
  expect(read.rows).toHaveLength(1);
  const fresh = fetch(`${fleet.origin('eu')}/fresh`, { method: 'POST' });
  const impatient = new AbortController();
  const gone = fetch(`${fleet.origin('eu')}/gone`, { method: 'POST', signal: impatient.signal }).catch(() => 'gone');
  expect((await us.router.read('SELECT 1')).rows).toHaveLength(1);

  await client.query("INSERT INTO note (text) VALUES ('leased')");
  const settled = await Promise.race([pausing, sleep(300)]);
  expect(settled).toBeUndefined();
  goOn();
  expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([201, 201]);
  // The leased client is still out.
  expect(await Promise.race([pausing, sleep(300)])).toBeUndefined();
  client.release();
  expect(await pausing).toMatchObject({ drained: true, underWay: 0 });
  impatient.abort();
  expect(await gone).toBe('gone');
  expect(await notes(lab)).toEqual(
    [
      'leased',
      ...['eu', 'us'].flatMap((region) =>
        ['first', 'fourth', 'second', 'third'].map((part) => `/slow-${region}:${part}`),
      ),
    ].sort(),
  );

  us.router.resumeWrites();
  expect((await fresh).status).toBe(201);
  await Promise.all([job, transaction, batch]);
  (await lease).release();
  expect((await notes(lab)).filter((text) => !text.includes(':'))).toEqual(['batch', 'job', 'leased', 'transaction']);
  expect((await notes(lab)).filter((text) => text.startsWith('/gone'))).toEqual([]);
});

test('a pause without an answer of every region says which is missing, and goes on', async () => {
  const lab = await labOf(['us', 'eu']);
  const fleet = await startFleet(lab, { work: twoWrites });
  await startAll(fleet, { us: 1, eu: 1 });
  const [us, eu] = fleet.processes as [Process, Process];
  await eu.stop();
  const pause = await us.router.pauseWrites({ timeoutMs: 5_000, drainTimeoutMs: 200 });
  expect(pause.drained).toBe(false);
  expect(pause.waitingFor.map(({ region }) => region)).toEqual(['eu']);
  expect(pause.leftMs).toBeGreaterThan(0);
  expect(us.router.explain('write').reason).toBe('paused');
});
