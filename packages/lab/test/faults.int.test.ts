import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLab, type Lab } from '../src/index.ts';
import { codeOf, eventually, isPending } from './support.ts';

type Name = 'us-east-1' | 'eu-west-1' | 'ap-southeast-1';
let lab: Lab<Name>;

beforeAll(async () => {
  lab = await createLab({ regions: ['us-east-1', 'eu-west-1', 'ap-southeast-1'] });
  await us().pool().query('CREATE TABLE marks (id text PRIMARY KEY)');
  await lab.caughtUp();
});
afterAll(() => lab?.close());

afterEach(async () => {
  for (const region of lab.regions) {
    await region.heal();
    await region.latency(0);
    await region.thaw();
    await region.start();
  }
});

const us = () => lab.region('us-east-1');
const eu = () => lab.region('eu-west-1');
const ap = () => lab.region('ap-southeast-1');

/** A connected client in region `from` of the database in `to`. */
async function client(to: Name, from: Name = to): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: lab.region(to).connectionStringFrom(from) });
  made.on('error', () => {});
  await made.connect();
  return made;
}

const connecting = (to: Name, from: Name = to) =>
  client(to, from).then(async (made) => {
    await made.end();
    return 'connected';
  });
const mark = (id: string) => us().query('INSERT INTO marks VALUES ($1)', [id]);
const has = async (region: Name, id: string): Promise<boolean> =>
  (await lab.region(region).query('SELECT FROM marks WHERE id = $1', [id])).length > 0;

describe('kill()', () => {
  test('ends what is in flight, refuses new connections, and leaves the other regions alone', async () => {
    const open = await client('us-east-1');
    const inFlight = codeOf(open.query('SELECT pg_sleep(60)'));
    await us().kill();
    expect(us().status).toBe('down');
    expect(await inFlight).toMatch(/ECONNRESET|Connection terminated/);
    expect(await codeOf(connecting('us-east-1'))).toBe('ECONNREFUSED');
    expect(await codeOf(connecting('us-east-1', 'eu-west-1'))).toBe('ECONNREFUSED');
    expect(await connecting('eu-west-1')).toBe('connected');
    expect(await codeOf(us().query('SELECT 1'))).toBe('ERR_LAB_STATE');
  });

  test('start() brings a killed primary back on its timeline, with what it had acknowledged', async () => {
    await mark('before the kill');
    await us().kill();
    await us().start();
    expect(us().role).toBe('primary');
    expect(await us().timeline()).toBe(1);
    expect(await has('us-east-1', 'before the kill')).toBe(true);
    await mark('after the kill');
    await lab.caughtUp();
    expect(await has('ap-southeast-1', 'after the kill')).toBe(true);
  });

  test('a standby that is killed comes back and catches up', async () => {
    await eu().kill();
    await mark('while a standby was dead');
    await eu().start();
    await lab.caughtUp();
    expect(eu().role).toBe('standby');
    expect(await has('eu-west-1', 'while a standby was dead')).toBe(true);
  });
});

describe('stop()', () => {
  test('is a clean shutdown that clients are told of', async () => {
    const open = await client('us-east-1');
    const inFlight = codeOf(open.query('SELECT pg_sleep(60)'));
    await us().stop();
    expect(await inFlight).toBe('57P01');
    expect(await codeOf(connecting('us-east-1'))).toBe('ECONNREFUSED');
    await us().start();
    expect(us().logs()).toContain('database system was shut down at');
    expect(await connecting('us-east-1')).toBe('connected');
  });

  test('works on a primary whose standbys cannot be reached', async () => {
    await us().partition();
    await us().stop();
    expect(us().status).toBe('down');
  });
});

describe('freeze()', () => {
  test('nothing answers and nothing is closed until thaw()', async () => {
    const open = await client('us-east-1');
    await us().freeze();
    expect(us().status).toBe('frozen');
    const asked = open.query('SELECT 1 AS one');
    const joining = connecting('us-east-1');
    expect(await isPending(asked)).toBe(true);
    expect(await isPending(joining)).toBe(true);
    expect(await codeOf(us().query('SELECT 1'))).toBe('ERR_LAB_STATE');
    await us().thaw();
    expect((await asked).rows).toEqual([{ one: 1 }]);
    expect(await joining).toBe('connected');
    await open.end();
  });

  test('a frozen server can be killed', async () => {
    await eu().freeze();
    await eu().kill();
    expect(eu().status).toBe('down');
    await eu().start();
    await lab.caughtUp();
  });
});

describe('partition(from)', () => {
  test('takes this database away from one region only, one way, and delivers what was sent after heal()', async () => {
    const cut = await client('us-east-1', 'eu-west-1');
    await us().partition('eu-west-1');
    const asked = cut.query('SELECT 1 AS one');
    const joining = connecting('us-east-1', 'eu-west-1');
    expect(await isPending(asked)).toBe(true);
    expect(await isPending(joining)).toBe(true);
    expect(await connecting('eu-west-1', 'us-east-1')).toBe('connected');
    expect(await connecting('us-east-1', 'ap-southeast-1')).toBe('connected');
    expect(await connecting('us-east-1')).toBe('connected');
    await us().heal('eu-west-1');
    expect((await asked).rows).toEqual([{ one: 1 }]);
    expect(await joining).toBe('connected');
    await cut.end();
  });

  test('cuts replication on that way as well, and on no other', async () => {
    await us().partition('eu-west-1');
    await mark('unseen in Ireland');
    await eventually(() => has('ap-southeast-1', 'unseen in Ireland'));
    expect(await has('eu-west-1', 'unseen in Ireland')).toBe(false);
    await us().heal();
    await lab.caughtUp();
    expect(await has('eu-west-1', 'unseen in Ireland')).toBe(true);
  });
});

describe('partition()', () => {
  test('cuts a region off from all others both ways, not from itself', async () => {
    await us().partition();
    const attempts = [
      connecting('us-east-1', 'eu-west-1'),
      connecting('us-east-1', 'ap-southeast-1'),
      connecting('eu-west-1', 'us-east-1'),
      connecting('ap-southeast-1', 'us-east-1'),
    ];
    for (const attempt of attempts) expect(await isPending(attempt, 50)).toBe(true);
    expect(await connecting('us-east-1')).toBe('connected');
    expect(await connecting('eu-west-1', 'ap-southeast-1')).toBe('connected');
    await us().heal();
    expect(await Promise.all(attempts)).toEqual(Array(4).fill('connected'));
  });

  test('of a dead server nobody tells that it is dead', async () => {
    await us().kill();
    await us().partition('eu-west-1');
    const joining = codeOf(connecting('us-east-1', 'eu-west-1'));
    expect(await isPending(joining)).toBe(true);
    await us().heal();
    expect(await joining).toMatch(/ECONNRE(SET|FUSED)/);
    expect(await codeOf(connecting('us-east-1', 'eu-west-1'))).toBe('ECONNREFUSED');
  });
});

describe('mute(from)', () => {
  test('a write arrives and is done, its answer is not heard before heal()', async () => {
    const writer = await client('us-east-1', 'eu-west-1');
    await us().mute('eu-west-1');
    const writing = writer.query("INSERT INTO marks VALUES ('done unheard')");
    await eventually(() => has('us-east-1', 'done unheard'));
    expect(await isPending(writing)).toBe(true);
    await us().heal();
    expect((await writing).rowCount).toBe(1);
    await writer.end();
  });
});

describe('drop()', () => {
  test('swallows everything for its own clients too; connections that met it stay silent after heal()', async () => {
    const lost = await client('us-east-1');
    const untouched = await client('eu-west-1');
    await us().drop();
    const asked = lost.query('SELECT 1');
    const joining = connecting('us-east-1');
    expect(await isPending(asked)).toBe(true);
    expect(await isPending(joining)).toBe(true);
    expect((await untouched.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await us().heal();
    expect(await joining).toBe('connected');
    expect(await isPending(asked)).toBe(true);
    await us().reset();
    expect(await codeOf(asked)).toMatch(/ECONNRESET/);
    await untouched.end();
    await mark('after the black hole');
    await lab.caughtUp();
  });
});

describe('reset()', () => {
  test('resets open connections, from one region where one is named; new ones work', async () => {
    const near = await client('us-east-1');
    const far = await client('us-east-1', 'eu-west-1');
    const nearAsks = codeOf(near.query('SELECT pg_sleep(60)'));
    const farAsks = codeOf(far.query('SELECT pg_sleep(60)'));
    await us().reset('eu-west-1');
    expect(await farAsks).toBe('ECONNRESET');
    expect(await isPending(nearAsks)).toBe(true);
    await us().reset();
    expect(await nearAsks).toBe('ECONNRESET');
    expect(await connecting('us-east-1', 'eu-west-1')).toBe('connected');
  });
});

describe('latency(ms)', () => {
  const took = async (run: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await run();
    return performance.now() - began;
  };

  test('adds to every round trip, and a round trip to the opening of a connection', async () => {
    await us().latency(100, 'eu-west-1');
    let far: pg.Client | undefined;
    // TCP, start-up, and two or three of SCRAM: at least four round trips.
    expect(
      await took(async () => {
        far = await client('us-east-1', 'eu-west-1');
      }),
    ).toBeGreaterThanOrEqual(400);
    expect(await took(async () => far?.query('SELECT 1'))).toBeGreaterThanOrEqual(99);
    await far?.end();
  });

  test('keeps bytes in order, however many', async () => {
    await us().latency(30);
    const far = await client('us-east-1', 'ap-southeast-1');
    const { rows } = await far.query<{ n: number; pad: string }>(
      "SELECT n, repeat('x', 100) AS pad FROM generate_series(1, 100000) AS n",
    );
    expect(rows.length).toBe(100_000);
    expect(rows.every(({ n, pad }, at) => n === at + 1 && pad.length === 100)).toBe(true);
    await us().latency(0);
    expect((await far.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await far.end();
  });

  test('delays replication on the same way', async () => {
    await us().latency(400, 'ap-southeast-1');
    await mark('seen late in Singapore');
    const began = performance.now();
    await eventually(() => has('ap-southeast-1', 'seen late in Singapore'));
    // Half a round trip, less what the commit itself took.
    expect(performance.now() - began).toBeGreaterThan(100);
  });
});

describe('pauseReplay()', () => {
  test('a standby receives and does not show, until resumeReplay()', async () => {
    await lab.caughtUp();
    await eu().pauseReplay();
    await mark('received, not replayed');
    const written = await us().position();
    await eventually(
      async () => (await eu().query('SELECT pg_last_wal_receive_lsn() >= $1::pg_lsn AS got', [written]))[0]?.got,
    );
    expect(await has('eu-west-1', 'received, not replayed')).toBe(false);
    expect(await codeOf(lab.caughtUp({ timeoutMs: 50 }))).toBe('ERR_LAB_TIMEOUT');
    await eu().resumeReplay();
    await lab.caughtUp();
    expect(await has('eu-west-1', 'received, not replayed')).toBe(true);
  });

  test('is refused on a primary', async () => {
    expect(await codeOf(us().pauseReplay())).toBe('ERR_LAB_STATE');
  });
});

describe('what the lab gives', () => {
  test('the connection string is of a role that is no superuser and sees what pg_monitor sees', async () => {
    const [row] = (
      await eu()
        .pool()
        .query(
          'SELECT usesuper, (SELECT received_tli FROM pg_stat_wal_receiver) AS tli FROM pg_user WHERE usename = current_user',
        )
    ).rows;
    expect(row).toEqual({ usesuper: false, tli: 1 });
  });

  test('the application may use what the superuser makes', async () => {
    await us().query('CREATE TABLE made_by_admin (id int GENERATED ALWAYS AS IDENTITY)');
    expect((await us().pool().query('INSERT INTO made_by_admin DEFAULT VALUES RETURNING id')).rows).toEqual([
      { id: 1 },
    ]);
  });

  test('a standby refuses writes', async () => {
    expect(await codeOf(eu().pool().query("INSERT INTO marks VALUES ('x')"))).toBe('25006');
  });

  test('a wrong password is refused', async () => {
    const url = new URL(us().connectionString);
    url.password = 'wrong';
    const intruder = new pg.Client({ connectionString: url.href });
    intruder.on('error', () => {});
    expect(await codeOf(intruder.connect())).toBe('28P01');
  });

  test('positions and timelines are those of the server', async () => {
    await lab.caughtUp();
    expect(await Promise.all(lab.regions.map((region) => region.timeline()))).toEqual([1, 1, 1]);
    expect(await us().position()).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(lab.primary).toBe(us());
    expect(ap().logs(1).split('\n')).toHaveLength(1);
  });

  test('a region that does not exist is an error of types and of values', async () => {
    // @ts-expect-error misspelt
    expect(() => lab.region('us-west-1')).toThrow(
      new RangeError('lab.region: name must be one of "us-east-1", "eu-west-1", "ap-southeast-1"; got "us-west-1"'),
    );
    // @ts-expect-error misspelt
    expect(() => us().connectionStringFrom('moon')).toThrow(RangeError);
    // @ts-expect-error misspelt
    await expect(us().partition('moon')).rejects.toThrow(RangeError);
    await expect(us().latency(-1)).rejects.toThrow(RangeError);
  });
});
