import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab, type Lab, type LabRegion } from '../src/index.ts';
import { sleep } from '../src/until.ts';
import { codeOf, eventually } from './support.ts';

type Name = 'us-east-1' | 'eu-west-1' | 'ap-southeast-1';
let lab: Lab<Name>;
const names: readonly Name[] = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];

beforeAll(async () => {
  lab = await createLab({ regions: names, primary: 'eu-west-1' });
  await lab.primary.pool().query('CREATE TABLE orders (id text PRIMARY KEY)');
  await lab.caughtUp();
});
afterAll(() => lab?.close());

/** The primary, and the two others in the order of the options: the tests pass the roles on to each other. */
function cast(): readonly [LabRegion<Name>, LabRegion<Name>, LabRegion<Name>] {
  const others = lab.regions.filter((region) => region !== lab.primary);
  return [lab.primary, others[0] as LabRegion<Name>, others[1] as LabRegion<Name>];
}
const insert = (region: LabRegion<Name>, id: string) =>
  region.pool({ max: 1 }).query('INSERT INTO orders VALUES ($1)', [id]);
const ids = async (region: LabRegion<Name>): Promise<Set<string>> =>
  new Set((await region.query<{ id: string }>('SELECT id FROM orders')).map(({ id }) => id));
const topology = async () =>
  Object.fromEntries(
    await Promise.all(lab.regions.map(async (region) => [region.name, `${region.role} ${await region.timeline()}`])),
  );

test('the region named as primary is it, and the others stream from it', async () => {
  expect(await topology()).toEqual({
    'us-east-1': 'standby 1',
    'eu-west-1': 'primary 1',
    'ap-southeast-1': 'standby 1',
  });
  const streams = await lab.primary.query(`SELECT application_name AS name FROM pg_stat_replication ORDER BY 1`);
  expect(streams).toEqual([{ name: 'ap-southeast-1' }, { name: 'us-east-1' }]);
});

test('switchover() under load loses no acknowledged write and repeats none, and the old primary follows', async () => {
  const [old, next] = cast();
  const pools = new Map(lab.regions.map((region) => [region.name, region.pool({ max: 4 })]));
  const acknowledged: string[] = [];
  let running = true;
  const writer = async (who: number): Promise<void> => {
    for (let n = 0; running; n += 1) {
      const id = `switch-${who}-${n}`;
      await pools
        .get(lab.primary.name)
        ?.query('INSERT INTO orders VALUES ($1)', [id])
        .then(
          () => acknowledged.push(id),
          () => sleep(5), // Not acknowledged: no promise was made.
        );
    }
  };
  const writers = [0, 1, 2, 3].map(writer);
  await eventually(() => acknowledged.length > 50);
  const { timeline, fork } = await lab.switchover({ to: next.name });
  const count = acknowledged.length;
  await eventually(() => acknowledged.length > count + 50);
  running = false;
  await Promise.all(writers);
  await lab.caughtUp();

  expect(lab.primary).toBe(next);
  expect(timeline).toBe(2);
  expect(fork).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
  expect(await topology()).toMatchObject({ [next.name]: 'primary 2', [old.name]: 'standby 2' });
  for (const region of lab.regions) {
    const kept = await ids(region);
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  }
});

test('switchover() to a standby that does not get everything is refused, and the old primary is back', async () => {
  const [primary, next] = cast();
  await lab.caughtUp();
  await next.pauseReplay();
  await insert(primary, 'while paused');
  expect(await codeOf(lab.switchover({ to: next.name, timeoutMs: 300 }))).toBe('ERR_LAB_TIMEOUT');
  expect(lab.primary).toBe(primary);
  await insert(primary, 'after the refusal');
  await next.resumeReplay();
  await lab.caughtUp();
  expect(await ids(next)).toContain('after the refusal');
  expect(await codeOf(lab.switchover({ to: primary.name }))).toBe('ERR_LAB_STATE');
});

test('failover() makes a new timeline, the other standby follows, and the old primary must not just be started', async () => {
  const [old, next, third] = cast();
  await lab.caughtUp();
  await old.kill();
  const { timeline } = await lab.failover({ to: next.name });
  expect(timeline).toBe(3);
  await insert(next, 'on the new primary');
  await lab.caughtUp();
  expect(await ids(third)).toContain('on the new primary');
  expect(await third.timeline()).toBe(3);
  expect(await codeOf(old.start())).toBe('ERR_LAB_STATE');
  expect(old.status).toBe('down');
});

test('returnAsIs() brings the old primary back as a zombie: it takes writes on its old timeline and nobody follows it', async () => {
  const [primary, ...others] = cast();
  const zombie = others.find(({ status }) => status === 'down') as LabRegion<Name>;
  await zombie.returnAsIs();
  expect([zombie.role, await zombie.timeline()]).toEqual(['primary', 2]);
  expect((await zombie.pool().query('SELECT pg_is_in_recovery() AS standby')).rows).toEqual([{ standby: false }]);
  await insert(zombie, 'written to the zombie');
  expect(await zombie.query('SELECT FROM pg_stat_replication')).toEqual([]);
  expect(await ids(primary)).not.toContain('written to the zombie');
  expect(lab.primary).toBe(primary);

  await zombie.rejoin({ of: primary.name });
  await lab.caughtUp();
  expect([zombie.role, await zombie.timeline()]).toEqual(['standby', 3]);
  expect(await ids(zombie)).not.toContain('written to the zombie');
  expect(await ids(zombie)).toEqual(await ids(primary));
});

test('a primary frozen through a failover believes in itself when it thaws', async () => {
  const [old, next] = cast();
  await lab.caughtUp();
  const open = old.pool({ max: 1 });
  await open.query('SELECT 1');
  await old.freeze();
  await lab.failover({ to: next.name });
  const late = open.query("INSERT INTO orders VALUES ('from beyond the fork')");
  await old.thaw();
  expect((await late).rowCount).toBe(1);
  expect(await ids(next)).not.toContain('from beyond the fork');
  await old.rejoin();
  await lab.caughtUp();
  expect(await ids(old)).not.toContain('from beyond the fork');
});

test('a failover loses what the standby had not received, and only that', async () => {
  const [old, next, third] = cast();
  await insert(old, 'received everywhere');
  await lab.caughtUp();
  await old.partition();
  await insert(old, 'acknowledged, never sent');
  await old.kill();
  await lab.failover({ to: next.name });
  expect(await ids(next)).toContain('received everywhere');
  expect(await ids(next)).not.toContain('acknowledged, never sent');
  await old.heal();
  await old.rejoin();
  await lab.caughtUp();
  expect(await ids(third)).toEqual(await ids(next));
});

test('a standby led to the new primary receives nothing more from the old one, however late it takes that up', async () => {
  const [old, next, third] = cast();
  await lab.caughtUp();
  await old.partition();
  await insert(old, 'still in the network when the old primary died');
  await old.kill();
  const [startup] = await third.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'`,
  );
  process.kill(startup?.pid as number, 'SIGSTOP');
  setTimeout(() => process.kill(startup?.pid as number, 'SIGCONT'), 500);
  await lab.failover({ to: next.name });
  await old.heal(); // What it had sent arrives now, where anybody still listens.
  await old.rejoin();
  await lab.caughtUp();
  expect(await ids(third)).toEqual(await ids(next));
});

test('follow() makes a cascade, and it crosses a promotion', async () => {
  const [primary, middle, leaf] = cast();
  await leaf.follow({ of: middle.name });
  await eventually(async () => (await middle.query('SELECT FROM pg_stat_replication')).length === 1);
  await primary.partition(leaf.name);
  await insert(primary, 'through the middle');
  await eventually(async () => (await ids(leaf)).has('through the middle'));
  await middle.promote();
  await insert(middle, 'after the middle was promoted');
  await lab.caughtUp();
  expect(await leaf.timeline()).toBe(await middle.timeline());
  expect(await ids(leaf)).toContain('after the middle was promoted');
  await primary.heal();
  await primary.rejoin();
});

test('rejoin() can copy from a standby and follow it', async () => {
  const [primary, middle, leaf] = cast();
  await leaf.rejoin({ of: middle.name });
  await insert(primary, 'to a copy of a copy');
  await lab.caughtUp();
  expect(await ids(leaf)).toContain('to a copy of a copy');
  await leaf.follow({ of: primary.name });
  await lab.caughtUp();
});

test('two standbys can both be promoted: the same timeline twice', async () => {
  const [old, left, right] = cast();
  await lab.caughtUp();
  await old.kill();
  const [one, two] = await Promise.all([left.promote(), right.promote()]);
  expect(one).toEqual(two);
  await insert(left, 'on the left');
  await insert(right, 'on the right');
  expect(await ids(left)).not.toContain('on the right');
  const loser = lab.primary === left ? right : left;
  await Promise.all([loser.rejoin(), old.rejoin()]);
  await lab.caughtUp();
  expect(await ids(old)).toEqual(await ids(lab.primary));
});

test('what makes no sense is refused and changes nothing', async () => {
  const [primary, standby, other] = cast();
  expect(await codeOf(primary.promote())).toBe('ERR_LAB_STATE');
  expect(await codeOf(primary.follow({ of: standby.name }))).toBe('ERR_LAB_STATE');
  expect(await codeOf(primary.rejoin({ of: standby.name }))).toBe('ERR_LAB_STATE');
  await expect(standby.rejoin({ of: standby.name })).rejects.toThrow(RangeError);
  await other.kill();
  expect(await codeOf(standby.rejoin({ of: other.name }))).toBe('ERR_LAB_STATE');
  expect(await codeOf(lab.failover({ to: other.name }))).toBe('ERR_LAB_STATE');
  expect(await codeOf(lab.switchover({ to: other.name }))).toBe('ERR_LAB_STATE');
  await other.start();
  await lab.caughtUp();
});
