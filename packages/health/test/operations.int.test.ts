import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { compose, defineRegions, type Epoch } from '@regionkit/core';
import { createRegionRouter, type RegionRouter, type RegionRouterOptions } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createHealth } from '../src/index.ts';
import { createOperatorDoor } from '../src/operator/index.ts';
import { SECRET } from './helpers/fixtures.ts';

// The procedures of docs/operations.md that no other test plays, between apps that reach the database of their own region alone.

type Name = 'us' | 'eu' | 'ap';
const WAIT = { timeout: 60_000, interval: 25 };

/** A port that stays a region's while apps come and go on it. */
interface Place {
  readonly name: Name;
  readonly origin: string;
  serve(handler: http.RequestListener): void;
}

interface App {
  readonly router: RegionRouter<Name>;
  /** The status of a write that a client sends here. */
  write(): Promise<number>;
  end(): Promise<void>;
}

const refuse: http.RequestListener = (request) => request.socket.destroy();

async function createPlace(name: Name): Promise<Place> {
  let handle = refuse;
  const server = http.createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    name,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (handler) => {
      handle = handler;
    },
  };
}

async function startLab(names: readonly Name[]): Promise<Lab<Name>> {
  const lab = await createLab<Name>({ regions: names });
  await lab.primary.query('CREATE TABLE note (id serial)');
  await lab.caughtUp();
  return lab;
}

/** A lab of this test alone, and a place in each of its regions. */
async function start(names: readonly Name[]): Promise<{ lab: Lab<Name>; places: readonly Place[] }> {
  const lab = await startLab(names);
  onTestFinished(() => lab.close());
  return { lab, places: await Promise.all(names.map(createPlace)) };
}

/** An app at `place` whose map has the regions of `map`. */
function startApp(
  lab: Lab<Name>,
  place: Place,
  map: readonly Place[],
  options: Partial<RegionRouterOptions<Name>> = {},
): App {
  const all = Object.fromEntries(map.map(({ name, origin }) => [name, { origin }])) as Record<Name, { origin: string }>;
  const regions = defineRegions<Name, string>({ self: place.name, all, development: true });
  const peers = { intervalMs: 200, urgentIntervalMs: 50, timeoutMs: 1_000, unknownAfterMs: 2_000, downAfterMs: 6_000 };
  const health = createHealth({ regions, peers: { secret: SECRET, ...peers } });
  const router = createRegionRouter<Name>({
    regions,
    pools: { [place.name]: lab.region(place.name).pool({ max: 3 }) },
    writes: 'forward',
    view: health.view,
    hold: { timeoutMs: 0 },
    probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 1_000 },
    ...options,
  });
  health.follow(router);
  const gate = createWriteGate({ router, view: health.view, forward: { secret: SECRET } });
  const handler = async (_request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    await router.write('INSERT INTO note DEFAULT VALUES');
    response.end();
  };
  place.serve(compose(health, gate).node(handler) as http.RequestListener);
  const end = async (): Promise<void> => {
    place.serve(refuse);
    await Promise.all([gate.close(), router.close(), health.close()]);
  };
  onTestFinished(end);
  return { router, end, write: async () => (await fetch(place.origin, { method: 'POST' })).status };
}

const stateOf = ({ router }: App) => router.topology().state;

async function settled(state: string, ...apps: readonly App[]): Promise<void> {
  for (const app of apps) await expect.poll(() => stateOf(app), WAIT).toBe(state);
}

/**
 * A standby of the promoted server shows the new timeline first on a busy machine, and does not show who wrote it. Such an
 * epoch is void only in the process in which the operator speaks: a void names a server.
 */
async function fencedByAKnownServer({ router }: App): Promise<void> {
  await expect.poll(() => router.topology().nodes[0]?.state, WAIT).toBe('fenced');
  await expect.poll(() => router.topology().highest?.server, WAIT).toMatch(/./);
}

test('twins: a stop and a rebuild end nothing; a reset in one process does, and reaches the others', async () => {
  const { lab, places } = await start(['us', 'eu', 'ap']);
  const apps = places.map((place) => startApp(lab, place, places));
  const [us, eu, ap] = apps as [App, App, App];
  await settled('ready', us, eu, ap);
  await lab.region('us').kill();
  await Promise.all([lab.region('eu').promote({ follow: false }), lab.region('ap').promote({ follow: false })]);
  await settled('twin-primaries', us, eu, ap);

  await lab.region('ap').stop();
  await eu.router.resetEpoch('eu is the one');
  expect(await eu.write()).toBe(200);
  await lab.region('ap').rejoin({ of: 'eu' });
  await lab.region('us').rejoin({ of: 'eu' });
  await expect.poll(() => ap.router.topology().nodes[0]?.state, WAIT).toBe('replica');
  await settled('ready', us, eu, ap);
  expect(await Promise.all(apps.map((app) => app.write()))).toEqual([200, 200, 200]);
});

test('a promotion by mistake: the good primary is fenced until one process is told; the void reaches the others and the store', async () => {
  const { lab, places } = await start(['us', 'eu']);
  let kept: string | undefined;
  const save = async (value: string): Promise<void> => {
    kept = value;
  };
  const epoch = { load: async () => kept, save };
  const [us, eu] = places.map((place) => startApp(lab, place, places, { epoch })) as [App, App];
  await settled('ready', us, eu);
  await lab.region('eu').promote();
  await fencedByAKnownServer(us);
  await lab.region('eu').rejoin({ of: 'us' });
  await settled('no-primary', us, eu);

  await us.router.resetEpoch('a mistake');
  expect(await us.write()).toBe(200);
  await settled('ready', eu);
  expect(await eu.write()).toBe(200);
  await us.end();
  const again = startApp(lab, places[0] as Place, places, { epoch });
  await settled('ready', again);
});

/** In the order of the tests: each leaves one primary, and two standbys that follow it. */
describe('on one lab', () => {
  const NAMES: readonly Name[] = ['us', 'eu', 'ap'];
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab(NAMES);
  });
  afterAll(() => lab?.close());

  test('a process that was down when the operator spoke does not believe what is void: the others tell it', async () => {
    const places = await Promise.all(NAMES.map(createPlace));
    const [us, eu, ap] = places.map((place) => startApp(lab, place, places)) as [App, App, App];
    await settled('ready', us, eu, ap);
    await lab.region('eu').promote();
    await fencedByAKnownServer(us);
    const mistaken = us.router.topology().highest;
    await ap.end();
    await lab.region('eu').rejoin({ of: 'us' });
    await lab.region('ap').rejoin({ of: 'us' });
    await settled('no-primary', us, eu);
    const token = 'an-operator-token-of-enough-bytes';
    const logger = { info: () => {}, warn: () => {}, error: () => {} };
    const door = createOperatorDoor({ regions: us.router.regions, token, router: us.router, logger });
    onTestFinished(() => door.close());
    const answer = await door.fetch(() => new Response(null, { status: 404 }))(
      new Request('http://us.example/operator/reset', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: '{"reason":"a mistake"}',
      }),
    );
    expect([answer.status, await answer.json()]).toEqual([200, { done: 'reset', state: 'ready' }]);
    await settled('ready', us, eu);
    const again = startApp(lab, places[2] as Place, places);
    await settled('ready', again);
    // A client brings a token of the promotion by mistake. Then the void matters here, too, and the others still tell it.
    again.router.gate.learnEpoch(mistaken as Epoch, 'token');
    await expect.poll(() => again.router.topology().local.voids?.[0]?.epochs[0]?.server, WAIT).toBe(mistaken?.server);
    await settled('ready', again);
    expect(await Promise.all([us, eu, again].map((app) => app.write()))).toEqual([200, 200, 200]);
  });

  test('a start while one of three regions is silent: confirmed where the primary is, and the others forward on its word alone', async () => {
    const places = await Promise.all(NAMES.map(createPlace));
    const [us, eu] = places.slice(0, 2).map((place) => startApp(lab, place, places)) as [App, App];
    await settled('unconfirmed', us);
    await settled('no-primary', eu);
    await us.router.confirmPrimary();
    expect(await us.write()).toBe(200);
    await settled('ready', eu);
    expect(eu.router.explain('write')).toMatchObject({ action: 'forward', region: 'us' });
    expect(await eu.write()).toBe(200);
    const accepted = () => eu.router.topology().local.acceptedForMs;
    expect(accepted()).toBeUndefined();
    startApp(lab, places[2] as Place, places);
    await expect.poll(accepted, WAIT).toBeGreaterThanOrEqual(0);
    expect(await eu.write()).toBe(200);
  });

  test('a region that is not in the maps of the others yet forwards its writes, and must not be promoted', async () => {
    const places = await Promise.all(NAMES.map(createPlace));
    const before = places.slice(0, 2);
    const [us, eu] = before.map((place) => startApp(lab, place, before)) as [App, App];
    const ap = startApp(lab, places[2] as Place, places);
    await settled('ready', us, eu, ap);
    expect(await ap.write()).toBe(200);
    await lab.switchover({ to: 'ap' });
    await expect.poll(() => ap.router.explain('write').reason, WAIT).toBe('local-primary');
    await settled('no-primary', us, eu);

    await Promise.all([us.end(), eu.end()]);
    const rolled = before.map((place) => startApp(lab, place, places));
    await settled('ready', ...rolled);
    expect(await Promise.all(rolled.map((app) => app.write()))).toEqual([200, 200]);
  });
});
