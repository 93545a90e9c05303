import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { webServer } from '../doctor/front/web-server.ts';
import { createSetup, type Name, type Setup, writersOf } from '../failover/lab-setup.ts';
import { HEALTH_TOKEN, type OperatedApp, startOperatedApp } from '../failover/operated-app.ts';
import { OPERATOR_TOKEN } from '../status/commands.ts';
import { wordsOf } from '../understood.ts';
import { createPlayer, type Player } from './play.ts';

const WAIT = { timeout: 60_000, interval: 50 };

let setup: Setup;
let player: Player;
beforeAll(async () => {
  setup = await createSetup();
  player = createPlayer(setup);
  await setup.lab.primary.query('CREATE TABLE t (x serial)');
  // The pages have us-east-1 and eu-west-1: they are the twins, and the third one is the primary until then.
  await setup.lab.switchover({ to: 'ap' });
  await setup.lab.caughtUp();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

it('twin-primaries.md, and then epoch-reset.md after a promotion by mistake: the app takes writes again', async () => {
  const { lab } = setup;
  const [us, eu, ap] = [lab.region('us'), lab.region('eu'), lab.region('ap')];
  const routers = await startFleet();
  const isEverywhere = (state: string) =>
    expect.poll(() => routers.map((router) => router.topology().state), WAIT).toEqual([state, state, state]);
  await isEverywhere('ready');

  await ap.kill();
  await Promise.all([us.promote({ follow: false }), eu.promote({ follow: false })]);
  await isEverywhere('twin-primaries');
  expect(await player.play('twin-primaries.md', { ssh: () => us.stop() }), player.outputs.at(-1)).toEqual([
    'npx regionkit status = 1',
    "npx regionkit epoch reset --why 'eu-west-1 stays, us-east-1 was stopped' = 0",
    "npx regionkit epoch reset --why 'eu-west-1 stays, us-east-1 was stopped' --execute = 0",
  ]);
  for (const router of routers) await router.write('INSERT INTO t DEFAULT VALUES');
  await us.rejoin({ of: 'eu' });
  await ap.rejoin({ of: 'eu' });
  await isWell();

  // A standby is promoted and deleted. Its timeline fences the good primary.
  await us.promote({ follow: false });
  await expect
    .poll(() => routers.map((router) => router.topology().highest?.owner), WAIT)
    .toEqual(Array(3).fill('us/0'));
  await us.rejoin({ of: 'eu' });
  await expect
    .poll(() => routers.map((router) => router.topology().state), WAIT)
    .toEqual(Array(3).fill(expect.stringMatching(/^(?:no-primary|epoch-regressed)$/)));
  expect(await player.play('epoch-reset.md', {}, 0, 4), player.outputs.at(-1)).toEqual([
    'npx regionkit epoch show = 1',
    'npx regionkit status = 1',
    "npx regionkit epoch reset --why 'timeline 6 was taken back, 5 is right' = 0",
    "npx regionkit epoch reset --why 'timeline 6 was taken back, 5 is right' --execute = 0",
  ]);
  for (const router of routers) await router.write('INSERT INTO t DEFAULT VALUES');
  await isWell();
  const [row] = await eu.query<{ count: number }>('SELECT count(*)::int AS count FROM t');
  expect(row?.count).toBe(2 * routers.length);
});

/** What "How you know that it worked" asks for on both pages. */
async function isWell(): Promise<void> {
  await setup.lab.caughtUp();
  expect(await writersOf(setup)).toEqual(['eu']);
  for (const command of ['status', 'epoch show', 'smoke-test --region eu-west-1']) {
    const args = wordsOf(await player.onTheLab(command));
    await expect.poll(async () => (await setup.ops(...args)).exit, { ...WAIT, message: command }).toBe(0);
  }
}

/** A process of the app in each region, with its operator door. The configuration of the command line knows them. */
async function startFleet(): Promise<readonly OperatedApp['router'][]> {
  const { lab } = setup;
  const apps = new Map<Name, OperatedApp>();
  const origins = Object.fromEntries(
    await Promise.all(
      lab.regions.map(async ({ name }) => [
        name,
        await webServer((request, response) => apps.get(name)?.handle(request, response)),
      ]),
    ),
  ) as Record<Name, string>;
  for (const { name } of lab.regions) apps.set(name, startOperatedApp(lab, name, origins));
  onTestFinished(async () => {
    for (const app of apps.values()) await app.close();
  });
  const regions = Object.fromEntries(
    lab.regions.map(({ name, connectionString }) => {
      const url = new URL(connectionString);
      [url.username, url.password] = ['ops', 'ops'];
      return [name, { databases: [url.href], app: connectionString, origin: origins[name] }];
    }),
  );
  await setup.configure({ regions, operatorToken: OPERATOR_TOKEN, healthToken: HEALTH_TOKEN });
  return [...apps.values()].map(({ router }) => router);
}
